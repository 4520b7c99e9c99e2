// The program `runs`. Started as `runs-supervisor` it is the supervisor of stage processes (target CSupervisor), the
// fallback if the smaller embedded program (target SupervisorProgram) cannot be started.

import CLI
import CLinux
import CSupervisor

clinux_exit_if_memory_limit_below(64 << 20, 3)
var argumentCount: Int32 = 0
let arguments = clinux_arguments(&argumentCount)
csupervisor_run_if_requested(argumentCount, arguments)
exitWithStatus(ofCommandLine: commandLineWords())
