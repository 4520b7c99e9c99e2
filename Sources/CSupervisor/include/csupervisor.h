#ifndef CSUPERVISOR_H
#define CSUPERVISOR_H

/// Becomes the supervisor and never returns where this process was started as one: argv is "runs-supervisor", the
/// number of an open stream socket, and how many descriptors from 4 on are to stay open for as long as it lives: what
/// depends on their being open lasts until its last process has ended. Returns at once otherwise.
/// To be called before anything else in main.
void csupervisor_run_if_requested(int argc, char *_Nullable *_Nonnull argv);

#endif
