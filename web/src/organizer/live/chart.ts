/** The drawing of the rate: the only file that knows uPlot. */
// Before the library, which asks for it as it loads.
import '../../lib/text/validlanguage.ts';

import uPlot from 'uplot';

export interface Palette {
  readonly text: string;
  readonly grid: string;
  readonly mark: string;
  readonly lines: readonly { readonly colour: string; readonly dash: number[] }[];
}

export interface ChartLine {
  readonly id: string;
  readonly colour: string;
  readonly dash: number[];
}

interface ChartOptions {
  readonly lines: readonly ChartLine[];
  readonly palette: Palette;
  /** The zone of the times below. */
  readonly zone: string;
  /** Writes a moment in milliseconds since 1970. */
  readonly clock: (moment: number) => string;
  readonly count: (value: number) => string;
  /** The minute that the reader points at; null: none. */
  readonly onpoint: (index: number | null) => void;
}

/** The colours and dashes of up to eight lines, from the design tokens where the element stands: no two differ by colour alone. */
export function colours(element: Element): Palette {
  const tokens = getComputedStyle(element);
  const token = (name: string): string => tokens.getPropertyValue(name).trim() || 'gray';
  const [dashed, dotted] = [
    [8, 5],
    [2, 4],
  ];
  return {
    text: token('--text-soft'),
    grid: token('--line'),
    mark: token('--calm'),
    lines: [
      { colour: token('--good-text'), dash: [] },
      { colour: token('--accent-text'), dash: dashed as number[] },
      { colour: token('--calm'), dash: dotted as number[] },
      { colour: token('--bad-text'), dash: [] },
      { colour: token('--text'), dash: dashed as number[] },
      { colour: token('--good-text'), dash: dotted as number[] },
      { colour: token('--calm'), dash: dashed as number[] },
      { colour: token('--bad-text'), dash: dotted as number[] },
    ],
  };
}

export class Chart {
  readonly #plot: uPlot;
  readonly #resized: ResizeObserver;
  #range: [number, number] = [0, 1];
  #at: number | null = null;

  constructor(place: HTMLElement, options: ChartOptions) {
    const { lines, palette, zone, clock, count, onpoint } = options;
    const font = `600 12px ${getComputedStyle(place).fontFamily}`;
    const axis: uPlot.Axis = {
      stroke: palette.text,
      font,
      grid: { stroke: palette.grid, width: 1 },
      ticks: { show: false },
    };
    this.#plot = new uPlot(
      {
        width: place.clientWidth || 300,
        height: place.clientHeight || 200,
        padding: [12, 20, 0, 0],
        legend: { show: false },
        tzDate: (seconds) => zoned(seconds, zone),
        cursor: { drag: { x: false, y: false }, points: { size: 7 } },
        scales: {
          x: { range: () => this.#range },
          y: { range: (_plot, _least, most) => [0, Math.max(5, (most || 0) * 1.15)] },
        },
        axes: [
          {
            ...axis,
            size: 30,
            space: 70,
            values: (_plot, moments) => moments.map((at) => clock(at * 1000)),
          },
          {
            ...axis,
            size: 48,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000],
            values: (_plot, values) => values.map(count),
          },
        ],
        series: [
          {},
          ...lines.map(({ id, colour, dash }, index): uPlot.Series => ({
            label: id,
            stroke: colour,
            dash,
            width: 2.5,
            points: { show: false },
            paths: uPlot.paths.stepped!({ align: 1 }),
            ...(index === 0 ? { fill: `color-mix(in srgb, ${colour} 22%, transparent)` } : {}),
          })),
        ],
        hooks: {
          setCursor: [(plot) => onpoint(plot.cursor.idx ?? null)],
          draw: [(plot) => this.#mark(plot, palette.mark)],
        },
      },
      [[], ...lines.map(() => [])],
      place,
    );
    this.#resized = new ResizeObserver(() =>
      this.#plot.setSize({ width: place.clientWidth, height: place.clientHeight }),
    );
    this.#resized.observe(place);
  }

  /** Draws these minutes from one moment to another (milliseconds since 1970), with a mark `at` one of them. */
  draw(
    minutes: readonly number[],
    lines: readonly (readonly number[])[],
    from: number,
    until: number,
    at: number | null,
  ): void {
    if (lines.length + 1 !== this.#plot.series.length) return;
    this.#range = [from / 1000, until / 1000];
    this.#at = at;
    // The last minute is drawn to its present end.
    const seconds = [...minutes.map((minute) => minute / 1000), until / 1000];
    this.#plot.setData([seconds, ...lines.map((values) => [...values, values.at(-1) ?? 0])]);
  }

  close(): void {
    this.#resized.disconnect();
    this.#plot.destroy();
  }

  #mark(plot: uPlot, colour: string): void {
    // A moment before anything was counted lies beside the picture.
    if (this.#at === null || this.#at / 1000 < this.#range[0]) return;
    const x = Math.round(plot.valToPos(this.#at / 1000, 'x', true));
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = 3;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }
}

function zoned(seconds: number, zone: string): Date {
  try {
    return uPlot.tzDate(new Date(seconds * 1000), zone);
  } catch {
    return new Date(seconds * 1000); // a zone that this browser does not know
  }
}
