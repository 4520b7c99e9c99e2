// The supervisor as a program of its own, which the target SupervisorProgram carries; no part of the target CSupervisor.
#include "csupervisor.h"

int main(int argc, char **argv)
{
    csupervisor_run_if_requested(argc, argv);
    return 2;
}
