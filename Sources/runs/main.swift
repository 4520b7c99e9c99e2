// The program. As `runs-supervisor` it is the process that creates the stages' processes (target CSupervisor), so that
// one file is all there is to install.

import CLI
import CSupervisor

csupervisor_run_if_requested(CommandLine.argc, CommandLine.unsafeArgv)
exitWithStatus(ofCommandLine: Array(CommandLine.arguments.dropFirst()))
