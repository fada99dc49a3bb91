/** Keeps the screen on until the end that it gives is called. Browsers let go of it whenever the page is hidden. */
export function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  let ended = false;
  const take = async (): Promise<void> => {
    if (document.hidden || !("wakeLock" in navigator)) return;
    try {
      const taken = await navigator.wakeLock.request("screen");
      if (ended) await taken.release();
      else lock = taken;
    } catch {
      // refused, for instance to save power: the screen then goes off as it always does
    }
  };
  const again = (): void => void take();
  document.addEventListener("visibilitychange", again);
  void take();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", again);
    if (lock !== null) void lock.release();
  };
}
