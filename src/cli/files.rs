//! Open files, of which each connection is one.

use crate::http::listen::Limits;

/// Files for everything but these connections: the store, logs, listeners, scrapers, the keys while they rotate.
const OTHERS: u64 = 256;

/// Raises this process's limit of open files to the most that the system lets it have.
///
/// Gives back that many; as many as any cap of ours wants where the system does not say.
pub fn raise() -> u64 {
    rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap_or(u64::MAX)
}

/// What the public and the private listener may take: each cap of connections lowered in proportion where there are too few files.
pub fn fit(files: u64) -> [Limits; 2] {
    let limits = [Limits::PUBLIC, Limits::PRIVATE];
    let [public, private] = limits.map(|limits| limits.connections);
    let room = usize::try_from(files.saturating_sub(OTHERS)).unwrap_or(usize::MAX);
    if room >= public + private {
        return limits;
    }
    tracing::warn!(
        kind = "files",
        "{files} open files are allowed, too few for {public} public and {private} private connections: there can be {room} of both; \
         raise the hard limit (LimitNOFILE= of systemd, ulimit -Hn)"
    );
    limits.map(|limits| lowered(limits, limits.connections * room / (public + private)))
}

/// Still never all to one network.
fn lowered(limits: Limits, connections: usize) -> Limits {
    let connections = connections.max(1);
    let half = u32::try_from(connections / 2).unwrap_or(u32::MAX).max(1);
    Limits { connections, per_network: limits.per_network.map(|most| most.min(half)), ..limits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_lowered_to_the_files_that_there_are() {
        let caps = |files| fit(files).map(|limits| (limits.connections, limits.per_network));
        assert_eq!(caps(u64::MAX), [(16_384, Some(512)), (2_048, None)]);
        assert_eq!(caps(16_384 + 2_048 + OTHERS), [(16_384, Some(512)), (2_048, None)]);
        assert_eq!(caps(1_024), [(682, Some(341)), (85, None)]);
        assert_eq!(caps(100), [(1, Some(1)), (1, None)]);
    }
}
