/** What the phone's clock says, in whole seconds. */
export function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
