/** Where texts are kept on the device. */
export interface Shelf extends Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  /** Whether the device itself keeps it, and not this page alone. */
  readonly holds: (key: string) => boolean;
}

/** The device's own storage. What it does not take, because it is full or forbidden, this page keeps for as long as it is open. */
export class DeviceShelf implements Shelf {
  private readonly here = new Map<string, string>();

  constructor(private readonly open: () => Storage) {}

  getItem(key: string): string | null {
    return this.here.get(key) ?? this.attempt((storage) => storage.getItem(key));
  }

  setItem(key: string, text: string): void {
    this.here.set(key, text);
    this.attempt((storage) => {
      storage.setItem(key, text);
      if (storage.getItem(key) === text) this.here.delete(key);
    });
    // what stood there before is not true any more
    if (this.here.has(key)) this.attempt((storage) => storage.removeItem(key));
  }

  removeItem(key: string): void {
    this.here.delete(key);
    this.attempt((storage) => storage.removeItem(key));
  }

  holds(key: string): boolean {
    return !this.here.has(key) && this.getItem(key) !== null;
  }

  private attempt<T>(act: (storage: Storage) => T): T | null {
    try {
      return act(this.open());
    } catch {
      return null;
    }
  }
}
