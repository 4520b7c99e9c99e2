// The supervisor as a separate program, embedded by the target SupervisorProgram. Not part of the target CSupervisor.
#include "csupervisor.h"

int main(int argc, char **argv)
{
    csupervisor_run_if_requested(argc, argv);
    return 2;
}
