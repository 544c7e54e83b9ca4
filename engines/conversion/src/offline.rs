//! A process that can make no socket: a filter of system calls (seccomp), which needs no privilege and, unlike a network
//! namespace of one's own, is there in containers too.

use std::io;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod filter {
    use libc::{
        BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO,
        SECCOMP_RET_KILL_PROCESS, sock_filter,
    };

    /// `AUDIT_ARCH_*` of linux/audit.h: the machine, 64 bits, little-endian.
    #[cfg(target_arch = "x86_64")]
    const MACHINE: u32 = 0xc000_003e;
    #[cfg(target_arch = "aarch64")]
    const MACHINE: u32 = 0xc000_00b7;
    /// Numbers from here on are x32's, the same calls by other numbers.
    const X32: u32 = 0x4000_0000;
    /// Places in `struct seccomp_data`.
    const NUMBER_AT: u32 = 0;
    const MACHINE_AT: u32 = 4;

    const fn statement(code: u32, k: u32) -> sock_filter {
        sock_filter { code: code as u16, jt: 0, jf: 0, k }
    }

    const fn jump(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
        sock_filter { code: (BPF_JMP | code | BPF_K) as u16, jt, jf, k }
    }

    /// Of another machine's calls: an end. `socket` and `io_uring_setup` are not permitted; all others are.
    pub(super) static PROGRAM: [sock_filter; 9] = [
        statement(BPF_LD | BPF_W | BPF_ABS, MACHINE_AT),
        jump(BPF_JEQ, MACHINE, 1, 0),
        statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        statement(BPF_LD | BPF_W | BPF_ABS, NUMBER_AT),
        jump(BPF_JGE, X32, 2, 0),
        jump(BPF_JEQ, libc::SYS_socket as u32, 1, 0),
        jump(BPF_JEQ, libc::SYS_io_uring_setup as u32, 0, 1),
        statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | libc::EACCES as u32),
        statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    ];
}

/// For the calling process and all it starts. Safe between fork and exec.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn forbid_sockets() -> io::Result<()> {
    let program =
        libc::sock_fprog { len: filter::PROGRAM.len() as u16, filter: (&raw const filter::PROGRAM).cast_mut().cast() };
    // SAFETY: the program is static, and the kernel only reads it.
    let refused = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) != 0
    };
    if refused { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(crate) fn forbid_sockets() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
