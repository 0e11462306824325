/**
 * Progress on the terminal: a bar that is drawn over, or plain lines where the output goes elsewhere.
 *
 * @module
 */

/** Shows how far a run is. */
export class Progress {
  private readonly interactive = Deno.stdout.isTerminal();
  private shown = -Infinity;
  /** When the first step was done: it compiles, and says nothing about the others. */
  private started = 0;
  private first = 0;
  private average: number | null = null;
  private readonly encoder = new TextEncoder();

  /** A run that goes on to step `last`. */
  constructor(private readonly last: number) {}

  /** Takes note of a step; draws at most ten times, or writes a line once, in so many seconds. */
  update(step: number, loss: number): void {
    this.average = this.average === null ? loss : 0.98 * this.average + 0.02 * loss;
    const now = performance.now();
    if (this.started === 0) [this.started, this.first] = [now, step];
    if (now - this.shown < (this.interactive ? 100 : 5000) && step < this.last) return;
    this.shown = now;
    const rate = 1000 * (step - this.first) / (now - this.started);
    const speed = step > this.first
      ? `  ${rate.toFixed(1)} steps/s  ${clock((this.last - step) / rate)} left`
      : "";
    const text = `step ${step}/${this.last}  loss ${this.average.toFixed(3)}${speed}`;
    if (this.interactive) {
      this.write(`\r\x1b[2K${bar(step / this.last, columns() - text.length - 3)} ${text}`);
    } else console.log(text);
  }

  /** Leaves the bar as it stands. */
  end(): void {
    if (this.interactive) this.write("\n");
  }

  private write(text: string): void {
    Deno.stdout.writeSync(this.encoder.encode(text));
  }
}

function columns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}

function bar(done: number, room: number): string {
  const width = Math.min(room, 30);
  if (width < 5) return "";
  const full = Math.round(done * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
