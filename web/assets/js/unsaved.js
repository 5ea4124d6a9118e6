// Unsaved work, kept in this browser: a closed window, a crash or a lost connection loses nothing.

export class Unsaved {
  constructor(key) {
    this.key = `pujiang:${key}`;
  }

  read() {
    return window.localStorage.getItem(this.key);
  }

  write(xml) {
    window.localStorage.setItem(this.key, xml);
  }

  forget() {
    window.localStorage.removeItem(this.key);
  }
}
