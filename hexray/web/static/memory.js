/**
 * Remembers settings of the page: how it looks for good, who plays for as long as the tab is open.
 *
 * A browser may refuse to keep anything; the page then begins anew each time.
 */

/** How the page looks. */
export const looks = memory(() => window.localStorage, "hexray.looks");

/** Who plays, and how strong. */
export const players = memory(() => window.sessionStorage, "hexray.players");

function memory(storage, key) {
  return {
    /** What was kept, with `fallback` for what was not. @param {object} fallback */
    read: (fallback) => ({ ...fallback, ...parsed(allowed(() => storage().getItem(key))) }),
    /** Keep an object. @param {object} value */
    write: (value) => allowed(() => storage().setItem(key, JSON.stringify(value))),
  };
}

function allowed(access) {
  try {
    return access();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text ?? "{}");
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
