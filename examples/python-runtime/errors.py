"""The errors that the kernel gives, as it gives them: negative."""
EPERM = -1
ENOENT = -2
E2BIG = -7
EBADF = -9
EACCES = -13
EBUSY = -16
EEXIST = -17
EINVAL = -22
EDEADLK = -35
EOPNOTSUPP = -95
ENOTSUPP = -524
