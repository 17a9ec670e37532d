// The admin token: from the address, where nothing behind the # is sent to any server, or remembered by this browser.

const KEY = 'token';
const FRAGMENT = /#token=([^&\s]+)/;

/** The token in an address, or in what somebody has pasted. */
export function tokenIn(text) {
  const found = FRAGMENT.exec(text)?.[1];
  try {
    return found ? decodeURIComponent(found) : '';
  } catch {
    return found;
  }
}

/** Storage may be forbidden; the token then lasts as long as the page. */
function storage(use) {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
}

export class Credentials {
  constructor() {
    /** Another token has come with the address. */
    this.onArrival = () => {};
    /** The token was forgotten in another tab. */
    this.onForgotten = () => {};
    this.token = this.arrived() || storage((kept) => kept.getItem(KEY)) || '';
    addEventListener('hashchange', () => {
      const token = this.arrived();
      if (token) this.onArrival(token);
    });
    addEventListener('storage', ({ key, newValue }) => key === KEY && this.token && !newValue && this.onForgotten());
  }

  /** Takes the token out of the address, where people would see it, and bookmark it. */
  arrived() {
    const token = tokenIn(location.hash);
    if (token) history.replaceState(history.state, '', location.pathname + location.search);
    return token;
  }

  /** It opens the fleet. */
  remember() {
    storage((kept) => kept.setItem(KEY, this.token));
  }

  forget() {
    this.token = '';
    storage((kept) => kept.removeItem(KEY));
  }
}
