//! Room that is shared fairly: where there is none, the oldest member of the largest group gives way. So one that takes much
//! keeps nobody out, and a newcomer is never refused because of others of its group.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// Members by group, in the order in which they joined.
pub struct Fair<K> {
    groups: Mutex<Groups<K>>,
    joined: Notify,
}

struct Groups<K> {
    next: u64,
    members: HashMap<K, BTreeMap<u64, Arc<Notify>>>,
}

/// A member, for as long as it is held and has not given way.
pub struct Member<K: Eq + Hash> {
    fair: Arc<Fair<K>>,
    group: K,
    number: u64,
}

impl<K> Default for Fair<K> {
    fn default() -> Self {
        Self { groups: Mutex::new(Groups { next: 0, members: HashMap::new() }), joined: Notify::new() }
    }
}

impl<K: Eq + Hash + Clone> Fair<K> {
    /// A new member, the youngest of all. `gives_way` is notified when it has to go.
    pub fn join(self: &Arc<Self>, group: K, gives_way: Arc<Notify>) -> Member<K> {
        self.joins(self.groups(), group, gives_way)
    }

    /// A new member, where a group may have `own` and all together `all` of them. One more of a group takes the place of its
    /// oldest; one more of all that of the largest group's oldest. `None` where no group would still have as many as this one.
    pub fn join_within(self: &Arc<Self>, group: K, own: usize, all: usize, gives_way: Arc<Notify>) -> Option<Member<K>> {
        let mut groups = self.groups();
        let has = groups.members.get(&group).map_or(0, BTreeMap::len);
        if has >= own {
            groups.end_oldest(&group);
        } else if groups.members.values().map(BTreeMap::len).sum::<usize>() >= all && !groups.make_room(has + 1) {
            return None;
        }
        Some(self.joins(groups, group, gives_way))
    }

    /// The oldest member of the largest group gives way; of equal groups that of the one whose oldest is older. False where there
    /// is nobody.
    pub fn make_room(&self) -> bool {
        self.groups().make_room(0)
    }

    fn joins(self: &Arc<Self>, mut groups: MutexGuard<'_, Groups<K>>, group: K, gives_way: Arc<Notify>) -> Member<K> {
        let number = groups.next;
        groups.next += 1;
        groups.members.entry(group.clone()).or_default().insert(number, gives_way);
        drop(groups);
        self.joined.notify_one();
        Member { fair: self.clone(), group, number }
    }

    /// Until a member joined since this was last waited for.
    pub async fn joined(&self) {
        self.joined.notified().await;
    }
}

impl<K> Fair<K> {
    fn groups(&self) -> MutexGuard<'_, Groups<K>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone> Groups<K> {
    /// Of the groups that have more than `than`.
    fn make_room(&mut self, than: usize) -> bool {
        let oldest = |members: &BTreeMap<u64, _>| Reverse(members.first_key_value().map(|(number, _)| *number));
        let larger = self.members.iter().filter(|(_, members)| members.len() > than);
        let largest = larger.max_by_key(|(_, members)| (members.len(), oldest(members)));
        let Some(group) = largest.map(|(group, _)| group.clone()) else { return false };
        self.end_oldest(&group);
        true
    }
}

impl<K: Eq + Hash> Groups<K> {
    fn end_oldest(&mut self, group: &K) {
        let Some(members) = self.members.get_mut(group) else { return };
        if let Some((_, gives_way)) = members.pop_first() {
            gives_way.notify_one();
        }
        self.forget_empty(group);
    }

    fn forget_empty(&mut self, group: &K) {
        if self.members.get(group).is_some_and(BTreeMap::is_empty) {
            self.members.remove(group);
        }
    }
}

impl<K: Eq + Hash> Drop for Member<K> {
    fn drop(&mut self) {
        let mut groups = self.fair.groups();
        if let Some(members) = groups.members.get_mut(&self.group) {
            members.remove(&self.number);
        }
        groups.forget_empty(&self.group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(fair: &Arc<Fair<char>>, groups: &str) -> Vec<(Member<char>, Arc<Notify>)> {
        let join = |group| {
            let gives_way = Arc::new(Notify::new());
            (fair.join(group, gives_way.clone()), gives_way)
        };
        groups.chars().map(join).collect()
    }

    /// Which of them had to go.
    async fn gone(members: &[(Member<char>, Arc<Notify>)]) -> Vec<usize> {
        let mut gone = vec![];
        for (n, (_, gives_way)) in members.iter().enumerate() {
            tokio::select! {
                biased;
                () = gives_way.notified() => gone.push(n),
                () = std::future::ready(()) => {}
            }
        }
        gone
    }

    #[tokio::test]
    async fn the_oldest_of_the_largest_group_gives_way() {
        let fair = Arc::new(Fair::default());
        let joined = members(&fair, "abbcbcc");
        assert!(fair.make_room());
        assert_eq!(gone(&joined).await, [1], "of two equal groups the one whose oldest is older");
        assert!(fair.make_room());
        assert_eq!(gone(&joined).await, [3], "now the other is larger");
        assert!([(); 5].map(|()| fair.make_room()).iter().all(|made| *made));
        assert!(!fair.make_room(), "nobody is left");
    }

    #[tokio::test]
    async fn a_group_keeps_within_its_own_share_and_all_within_theirs() {
        let fair = Arc::new(Fair::default());
        let joined = members(&fair, "aaabb");
        let join = |group, own, all| fair.join_within(group, own, all, Arc::default());
        let fourth = join('a', 3, 5);
        assert_eq!(gone(&joined).await, [0], "its own oldest");
        let third = join('c', 3, 5);
        assert_eq!(gone(&joined).await, [1], "the oldest of the group that has most");
        assert!(third.is_some() && join('b', 3, 5).is_none(), "a group gives way only to one that has fewer");
        drop(fourth);
        assert!(join('b', 3, 5).is_some(), "there is room");
    }

    #[tokio::test]
    async fn who_leaves_is_forgotten() {
        let fair = Arc::new(Fair::default());
        let mut joined = members(&fair, "aab");
        drop(joined.remove(0));
        assert!(fair.make_room());
        assert_eq!(gone(&joined).await, [0]);
        drop(joined);
        assert!(fair.groups().members.is_empty());
    }
}
