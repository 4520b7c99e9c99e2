#ifndef CSUPERVISOR_H
#define CSUPERVISOR_H

/// Runs the supervisor and never returns if this process was started as one: argv is "runs-supervisor", the number of
/// an open stream socket, and the number of descriptors from 4 on that must stay open until the last process has ended.
/// Returns at once otherwise. Call it first in main.
void csupervisor_run_if_requested(int argc, char *_Nullable *_Nonnull argv);

#endif
