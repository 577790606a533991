/**
 * Measures one page with Lighthouse as a phone on a slow network, in a Chromium that runs already and keeps its storage.
 *
 * `node lighthouse.ts PORT ADDRESS RUNS` prints a JSON line: the median of the runs for each category (0–100), and what was
 * found wrong in the last run.
 */
import lighthouse from 'lighthouse';

const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const;

const [port, address, runs] = process.argv.slice(2);
if (port === undefined || address === undefined) throw new Error('PORT ADDRESS RUNS');

const scores = new Map<string, number[]>();
let wrong: string[] = [];
for (let run = 0; run < Number(runs ?? 1); run += 1) {
  const result = await lighthouse(address, {
    port: Number(port),
    onlyCategories: [...CATEGORIES],
    // Whoever is signed in stays so.
    disableStorageReset: true,
    logLevel: 'error',
  });
  const report = result?.lhr;
  if (report === undefined || report.runtimeError !== undefined)
    throw new Error(report?.runtimeError?.message ?? 'Lighthouse gave no report');
  for (const category of CATEGORIES) {
    const score = Math.round((report.categories[category]?.score ?? 0) * 100);
    scores.set(category, [...(scores.get(category) ?? []), score]);
  }
  wrong = Object.values(report.audits)
    .filter((audit) => audit.score !== null && audit.score < 0.9)
    .map((audit) => `${audit.id}: ${audit.displayValue ?? audit.title}`);
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const medians = Object.fromEntries([...scores].map(([name, values]) => [name, median(values)]));
console.log(JSON.stringify({ ...medians, wrong }));
