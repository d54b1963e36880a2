/**
 * Sound: two short notes for a new lead. Browsers block sound before the first click or key; the top bar shows that.
 * @module
 */

const STORED = "plumewatch.sound";

export class Chime {
  /** @type {AudioContext | null} */
  #audio = null;
  #on = localStorage.getItem(STORED) !== "off";
  /** @type {() => void} */
  #changed;
  /** Number of times it has rung; for tests. */
  rung = 0;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
    const unlock = () => this.#unlock();
    // not on pointerdown: the label would change width, the bar would move, and the click would miss its button
    document.addEventListener("click", unlock);
    document.addEventListener("keydown", unlock);
  }

  /** @returns {"on" | "off" | "blocked"} */
  get state() {
    if (!this.#on) return "off";
    return this.#audio?.state === "running" ? "on" : "blocked";
  }

  /** Switch sound on or off; a first click only lifts the browser's block. */
  toggle() {
    if (this.state === "blocked") return void this.#unlock();
    this.#on = !this.#on;
    localStorage.setItem(STORED, this.#on ? "on" : "off");
    this.#changed();
    if (this.#on) this.ring();
    return undefined;
  }

  /** Ring once, if sound is on and allowed. */
  ring() {
    const audio = this.#audio;
    if (!this.#on || !audio || audio.state !== "running") return;
    this.rung += 1;
    const start = audio.currentTime;
    [[659.25, 0], [880, 0.16]].forEach(([pitch, delay]) => {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.type = "sine";
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, start + delay);
      volume.gain.linearRampToValueAtTime(0.28, start + delay + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.001, start + delay + 0.55);
      tone.connect(volume).connect(audio.destination);
      tone.start(start + delay);
      tone.stop(start + delay + 0.6);
    });
  }

  #unlock() {
    if (!this.#on || this.#audio?.state === "running") return;
    this.#audio ??= new AudioContext();
    this.#audio.resume().then(() => this.#changed(), () => {});
  }
}
