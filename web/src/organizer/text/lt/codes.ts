import type { Numbers } from '../../../lib/text/format.ts';
import { pluralOf } from '../../../lib/text/plural.ts';
import type { codes as english } from '../en/codes.ts';

const plural = pluralOf('lt');
const codesOf = (count: number, n: Numbers): string =>
  `${n.count(count)} ${plural(count, 'kodas', 'kodai', 'kodų')}`;
/** "21 kodą": whom something happens to. */
const codesTaken = (count: number, n: Numbers): string =>
  `${n.count(count)} ${plural(count, 'kodą', 'kodus', 'kodų')}`;

export const codes: typeof english = {
  page: 'Kodai',
  make: 'Sukurti kodų',
  making: 'Kuriama …',
  importCsv: 'Įkelti CSV',
  export: 'Atsisiųsti visus',
  exporting: 'Ruošiama …',
  search: 'Paieška',
  searchHint: 'Kodas arba svečias',
  searchHintViewer: 'Visas kodas',
  offer: 'Pasiūlymas',
  allOffers: 'Visi pasiūlymai',
  state: 'Būsena',
  allStates: 'Visos būsenos',
  states: {
    issued: 'Laisvas',
    claimed: 'Pasiimtas',
    redeemed: 'Panaudotas',
    released: 'Grąžintas',
    voided: 'Panaikintas',
  },
  loading: 'Ieškoma …',
  count: codesOf,
  atLeast: (count) => `${count} ir daugiau`,
  none: 'Kodų dar nėra',
  noneLead: 'Jie čia atsiras, kai svečiai pasiims, kai sukursite patys ar įkelsite sąrašą.',
  nothingFound: 'Nieko nerasta',
  nothingFoundLead: 'Patikrinkite rašybą arba ieškokite visuose pasiūlymuose ir būsenose.',
  noOffers: 'Pirma pasiūlymas, tada jo kodai',
  noOffersLead: 'Kodas visada priklauso pasiūlymui: šis pasako, ką kodas duoda.',
  open: 'Atverti kodą',
  uses: (uses, most) => `${uses} iš ${most}`,
  used: 'Panaudota',
  guest: 'Svečias',
  made: 'Sukurtas',
  changed: 'Pasikeitė',
  qrOf: (code) => `QR kodas: ${code}`,
  drawing: 'Piešiama …',
  noPicture: 'QR kodo nupiešti nepavyko.',
  copyCode: 'Kopijuoti kodą',
  savePicture: 'Išsaugoti QR kodą',
  void: 'Panaikinti',
  voidIt: 'Panaikinti visam laikui',
  reason: 'Kodėl?',
  reasonHint: 'Durys sakys „panaikintas“. To atšaukti negalima.',
  lent: 'Panaudojimus turi',
  lentTo: (door, until) => `${door}, iki ${until}`,
  lentToUnknown: 'pašalintas telefonas',
  lentHint: 'Kitos durys jo tuo metu nepriima. Atšaukite, jei tas telefonas pamestas ar išjungtas.',
  recall: 'Atšaukti',
  givenBack: 'Svečias šį kuponą grąžino; jis jau nebegalioja.',

  makeTitle: 'Sukurti kodų',
  makeLead: 'Kortelėms, plakatams ir laiškams. Kodo atspėti neįmanoma.',
  kind: 'Kokie kodai',
  generated: 'Nauji',
  generatedHint: 'Po dešimt atsitiktinių ženklų.',
  own: 'Mano pačių',
  ownHint: 'Įklijuokite juos, pavyzdžiui, iš jau atspausdintų bilietų.',
  howMany: 'Kiek',
  ownCodes: 'Jūsų kodai, po vieną eilutėje',
  ownCount: (count, n) =>
    `${codesOf(count, n)}. Kiekviename 4–32 raidės ir skaitmenys; brūkšneliai ir didžiosios raidės nesvarbu.`,
  overQuantity: (free) => `Pasiūlyme liko vietos: ${free}. Pirma padidinkite jo kiekį.`,
  issued: (count, n) =>
    `${plural(count, 'Paruoštas', 'Paruošti', 'Paruošta')} ${codesOf(count, n)}.`,
  download: 'Atsisiųsti CSV',
  more: 'Sukurti dar',
  toList: 'Į sąrašą',

  importTitle: 'Įkelti kodus',
  importLead:
    'Pasirinkite failą: jis pirma išbandomas, tad visas klaidingas eilutes matote prieš ką nors išsaugant.',
  file: 'Jūsų CSV failas',
  choose: 'Pasirinkti CSV failą',
  orDrop: 'arba įtempkite jį čia',
  columns: 'Stulpeliai:',
  example: 'Atsisiųsti pavyzdį',
  tooLarge: 'Failas didesnis nei 20 MB. Padalykite jį.',
  badHeading: (columns) => `Pirmoje eilutėje turi būti stulpelių pavadinimai: ${columns}`,
  trying: (name) => `Išbandoma: ${name} …`,
  sending: 'Įkeliama …',
  willLand: (count, n) =>
    `${plural(count, 'Bus įkeltas', 'Bus įkelti', 'Bus įkelta')} ${codesOf(count, n)}`,
  landed: (count, n) => `${plural(count, 'Įkeltas', 'Įkelti', 'Įkelta')} ${codesOf(count, n)}`,
  faulty: (count, n) =>
    `${n.count(count)} ${plural(count, 'eilutė klaidinga ir nebus įkelta', 'eilutės klaidingos ir nebus įkeltos', 'eilučių klaidingos ir nebus įkeltos')}`,
  saveFaults: 'Išsaugoti šias eilutes',
  line: (line) => `${line} eilutė`,
  bring: (count, n) => `Įkelti ${codesTaken(count, n)}`,
  orFix: 'Arba pataisykite failą ir pasirinkite jį iš naujo.',
  faults: {
    bad_code: 'ne kodas',
    duplicate: 'jau yra',
    unknown_offer: 'nežinomas pasiūlymas',
    bad_max_uses: 'panaudojimai: ne 1–1000',
    bad_email: 'ne el. paštas',
    bad_encoding: 'ne UTF-8',
    too_long: 'per ilga',
    over_quantity: 'pasiūlymas pilnas',
  },
};
