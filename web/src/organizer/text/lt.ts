import { pluralOf } from '../../lib/text/plural.ts';
import type { Catalogue } from './en.ts';
import { account } from './lt/account.ts';
import { codes } from './lt/codes.ts';
import { common, forms, kinds, nav } from './lt/common.ts';
import { doors } from './lt/doors.ts';
import { event, offers } from './lt/event.ts';
import { feed } from './lt/feed.ts';
import { inbox, rate, replay, share, team } from './lt/pages.ts';

const plural = pluralOf('lt');

export const lt: Catalogue = {
  common,
  nav,
  forms,
  kinds,
  account,
  event,
  offers,
  codes,
  doors,
  inbox,
  share,
  team,
  rate,
  replay,
  feed,

  invite: {
    title: 'Jus pakvietė',
    lead: 'Prisijunkite prie renginio komandos ir stebėkite vakarą tiesiogiai.',
    signInFirst: 'Prisijunkite arba susikurkite paskyrą, kad priimtumėte kvietimą.',
    join: 'Prisijungti prie komandos',
    dead: 'Šis kvietimas jau panaudotas arba per senas. Paprašykite naujo.',
    notYours: 'Šis kvietimas skirtas kitam el. pašto adresui nei tas, kuriuo prisijungėte.',
    member: 'Jūs jau esate šioje komandoje.',
    later: 'Ne dabar',
  },

  events: {
    back: 'Visi renginiai',
    title: 'Jūsų renginiai',
    loading: 'Įkeliami renginiai …',
    empty: 'Renginių dar nėra',
    emptyLead:
      'Sukurkite pirmąjį: tereikia pavadinimo ir laiko. Atidarysite, kai viskas bus paruošta.',
    add: 'Naujas renginys',
    first: 'Sukurti renginį',
    failed: 'Nepavyko įkelti renginių.',
    status: { draft: 'Juodraštis', open: 'Atidarytas', closed: 'Uždarytas' },
  },

  live: {
    loading: 'Atveriamas tiesioginis vaizdas …',
    loadingLong: 'Vis dar bandoma pasiekti serverį …',
    refusedTitle: 'Šis renginys ne jūsų',
    refused: 'Tokio renginio nėra arba jūs nebepriklausote jo komandai.',
    settle: 'Išspręsti',
    draftLead: 'Šis renginys – juodraštis: jį mato tik jūsų komanda.',
    draftNext: 'Atidaryti',
    refusedCount: 'Atmesta',
    gates: 'Vartai',
    totals: 'Vakaras iki šiol',
    offers: 'Pasiūlymai',
    noOffers: 'Pasiūlymų dar nėra',
    noOffersLead: 'Pridėti pasiūlymai iškart atsiras čia.',
    claimed: 'Pasiimta',
    redeemed: 'Panaudota',
    left: 'Liko',
    leftOfLimited: 'Liko (ribotų)',
    leftOf: (quantity) => `liko iš ${quantity}`,
    noLimit: 'be ribos',
    noLimitMark: '∞',
    soldOut: 'Išdalyta',
    issued: 'Kodai',
    paused: 'Pristabdyta',
    usesEach: (uses) => `po ${uses} ${plural(uses, 'panaudojimą', 'panaudojimus', 'panaudojimų')}`,
    conflicts: (count) =>
      `${count} ${plural(count, 'neišspręstas prieštaravimas', 'neišspręsti prieštaravimai', 'neišspręstų prieštaravimų')} dėl durų be ryšio`,
    feed: 'Kas vyksta',
    feedEmpty: 'Kol kas nieko',
    feedEmptyLead: 'Kuponų paėmimai, panaudojimai ir atmetimai čia pasirodo tą pačią akimirką.',
    feedFailed: 'Nepavyko įkelti ankstesnių įrašų.',
    feedOld: 'Senesni įrašai yra renginio žurnale.',
    pause: 'Pristabdyti',
    resume: 'Tęsti',
    pausedWith: (count) => `Pristabdyta, naujų: ${count}`,
    doors: 'Durys',
    noDoors: 'Durų įrenginių dar nėra',
    noDoorsLead: 'Čia atsiras susieti telefonai ir matysis, kurie prisijungę.',
    online: 'Prisijungęs',
    offline: 'Neprisijungęs',
    seen: (ago) => `matytas ${ago}`,
    never: 'dar nematytas',
    notPaired: 'Dar nesusietas',
    revoked: 'Atšauktas',
    anyGate: 'Be vartų',
    offlineJudged: 'spręsta be ryšio',
  },
};
