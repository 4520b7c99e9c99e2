// The program `runs`. Started as `runs-supervisor` it is the supervisor of stage processes (target CSupervisor), the
// fallback if the smaller embedded program (target SupervisorProgram) cannot be started.

import CLI
import CSupervisor

csupervisor_run_if_requested(CommandLine.argc, CommandLine.unsafeArgv)
exitWithStatus(ofCommandLine: Array(CommandLine.arguments.dropFirst()))
