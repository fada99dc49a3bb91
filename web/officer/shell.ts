// Keeps the console's own files on the device, so that prepared codes can be shown without a network.

const WORKER = "/sw.js";

interface Policy {
  createScriptURL(address: string): string;
}

const rules: Policy = {
  createScriptURL(address) {
    if (address !== WORKER) throw new Error("not a script of the console");
    return address;
  },
};

export function keepShell(): void {
  if (!("serviceWorker" in navigator)) return;
  const { trustedTypes } = window as { readonly trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } };
  const policy = trustedTypes ? trustedTypes.createPolicy("console", rules) : rules;
  navigator.serviceWorker.register(policy.createScriptURL(WORKER), { updateViaCache: "none" }).catch(() => {
    // a private window, most likely: the console then needs a network
  });
}
