/** How many processors the machine has: as many as the virtual machines that real kernels are compared in. */
export const CPU_COUNT = 1;
