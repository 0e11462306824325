/**
 * The loss curve as an SVG picture.
 *
 * @module
 */

const width = 720, height = 400, left = 60, right = 20, top = 40, bottom = 50;

/** A picture of the loss of every step, its running mean, and a dashed line at the loss of another model. */
export function lossChart(
  losses: readonly number[],
  reference: { readonly label: string; readonly loss: number },
): string {
  const mean = runningMean(losses, 0.98);
  const highest = Math.ceil(Math.max(...mean, reference.loss));
  const x = (step: number) => left + (width - left - right) * step / Math.max(losses.length, 1);
  const y = (loss: number) => top + (height - top - bottom) * (1 - Math.min(loss, highest) / highest);
  const line = (values: readonly number[]) =>
    thin(values).map(([i, v]) => `${x(i + 1).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
  const ticks = Array.from({ length: highest + 1 }, (_, loss) => loss);
  const steps = Array.from({ length: 6 }, (_, i) => Math.round(losses.length * i / 5));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="white"/>
<text x="${left}" y="24" font-size="16">Training loss (nats per character)</text>
${
    ticks.map((loss) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(loss)}" y2="${y(loss)}" stroke="#ddd"/>` +
      `<text x="${left - 8}" y="${y(loss) + 4}" text-anchor="end">${loss}</text>`
    ).join("\n")
  }
${
    steps.map((step) =>
      `<text x="${x(step)}" y="${height - bottom + 20}" text-anchor="middle">${step}</text>`
    ).join("\n")
  }
<text x="${(left + width - right) / 2}" y="${height - 12}" text-anchor="middle">step</text>
<polyline points="${line(losses)}" fill="none" stroke="#9ec5fe" stroke-width="1"/>
<polyline points="${line(mean)}" fill="none" stroke="#0b5ed7" stroke-width="2"/>
<line x1="${left}" x2="${width - right}" y1="${y(reference.loss)}" y2="${
    y(reference.loss)
  }" stroke="#dc3545" stroke-dasharray="6 4"/>
<text x="${width - right}" y="${
    y(reference.loss) - 6
  }" text-anchor="end" fill="#dc3545">${reference.label}</text>
</svg>
`;
}

/** Each value with a share of those before it. */
function runningMean(values: readonly number[], kept: number): number[] {
  let mean = values[0];
  return values.map((value) => mean = kept * mean + (1 - kept) * value);
}

/** At most a thousand of the values, with their positions. */
function thin(values: readonly number[]): [number, number][] {
  const apart = Math.max(1, Math.floor(values.length / 1000));
  return values.flatMap((value, i): [number, number][] =>
    i % apart === 0 || i === values.length - 1 ? [[i, value]] : []
  );
}
