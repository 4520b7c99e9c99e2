#ifndef CSUPERVISOR_H
#define CSUPERVISOR_H

/// Becomes the supervisor and never returns where this process was started as one: argv is "runs-supervisor" and the
/// number of an open stream socket. Returns at once otherwise. To be called before anything else in main.
void csupervisor_run_if_requested(int argc, char *_Nullable *_Nonnull argv);

#endif
