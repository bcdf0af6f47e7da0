//! The resident memory of this process, where Linux tells.

use std::fs;

/// Starts a measurement of the peak.
pub(crate) fn reset_peak() -> Option<u64> {
    // 5 resets VmHWM (proc(5), clear_refs).
    fs::write("/proc/self/clear_refs", "5").ok()?;
    field("VmRSS:")
}

/// The peak since [`reset_peak`], in bytes.
pub(crate) fn peak() -> Option<u64> {
    field("VmHWM:")
}

fn field(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
