/** The only scripts that may be loaded, all beside the page. */
const OWN_SCRIPTS = ["scan.js", "enter.js", "sw.js"] as const;

interface Policy {
  createScriptURL(address: string): string;
}

const rules: Policy = {
  createScriptURL(address) {
    if ((OWN_SCRIPTS as readonly string[]).indexOf(address) < 0) throw new Error("not ours");
    return address;
  },
};

// where a browser does not know Trusted Types, the rules alone decide
const { trustedTypes } = window as { readonly trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } };
const policy = trustedTypes ? trustedTypes.createPolicy("countersign", rules) : rules;

/** The address of one of the page's own scripts, in the form that the page's policy demands. */
export function trusted(address: (typeof OWN_SCRIPTS)[number]): string {
  return policy.createScriptURL(address);
}
