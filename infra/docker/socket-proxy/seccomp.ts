/**
 * System calls a sandbox needs: those of Node 24 and Python 3 that compute, plus those runc makes between setting the filter and
 * starting the program. What is not named fails with EPERM. Names a kernel does not know are left out by the engine.
 */
const allowed = `
  access alarm arch_prctl brk capget capset chdir chmod clock_getres clock_gettime clock_nanosleep close close_range copy_file_range
  creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve exit exit_group
  faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fcntl fdatasync flock fstat fstatfs fsync ftruncate futex
  futex_wait futex_waitv futex_wake get_robust_list getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer
  getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid gettid gettimeofday getuid
  getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl kill lgetxattr link linkat listxattr llistxattr lseek
  lstat madvise membarrier mincore mkdir mkdirat mlock mlock2 mmap mprotect mremap msync munlock munmap nanosleep newfstatat open
  openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv
  preadv2 prlimit64 pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmsg rename renameat
  renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
  rt_sigtimedwait sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
  sched_setaffinity sched_yield select sendfile sendmsg sendto set_robust_list set_tid_address setgid setgroups setitimer setpgid
  setresgid setresuid setsid setuid shutdown sigaltstack socketpair stat statfs statx symlink symlinkat sync_file_range sysinfo tgkill
  time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill
  truncate umask uname unlink unlinkat utime utimensat utimes wait4 waitid write writev
`;

/** CLONE_THREAD, from linux/sched.h. */
const cloneThread = 0x0001_0000;
/** CLONE_NEWNS to CLONE_NEWNET and CLONE_NEWCGROUP, from linux/sched.h. */
const cloneNamespaces = 0x7e02_0000;
const enosys = 38;

/**
 * The filter as the engine takes it: threads, but no process; no socket to anywhere; no other namespace. `clone3` hides its flags from
 * filters, so it is said not to exist, and libraries fall back to `clone`.
 */
export const seccompProfile: string = JSON.stringify({
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1,
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: [] },
  ],
  syscalls: [
    { names: allowed.trim().split(/\s+/), action: 'SCMP_ACT_ALLOW' },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: cloneThread | cloneNamespaces, valueTwo: cloneThread, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys },
  ],
});
