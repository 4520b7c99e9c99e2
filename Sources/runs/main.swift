// The program. As `runs-supervisor` it is the process that creates the stages' processes (target CSupervisor), for where
// the smaller one that it carries (target SupervisorProgram) cannot be started.

import CLI
import CSupervisor

csupervisor_run_if_requested(CommandLine.argc, CommandLine.unsafeArgv)
exitWithStatus(ofCommandLine: Array(CommandLine.arguments.dropFirst()))
