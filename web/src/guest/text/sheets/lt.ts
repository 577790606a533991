import { pluralOf } from '../../../lib/text/plural.ts';
import type { Catalogue } from './en.ts';

const plural = pluralOf('lt');

export const lt: Catalogue = {
  join: {
    title: 'Prieš užsiimant',
    code: 'Prieigos kodas',
    codeHint: 'Organizatoriai jį pasakė savo svečiams.',
    codeWrong: 'Tai ne šio renginio prieigos kodas.',
    codeMissing: 'Įveskite prieigos kodą.',
    name: 'Jūsų vardas',
    nameOptional: 'Jūsų vardas (jei norite)',
    nameHint: 'Jį mato tik organizatoriai ir jų durys.',
    nameMissing: 'Įveskite savo vardą.',
    go: 'Užsiimti',
    skip: 'Be vardo',
    cancel: 'Ne dabar',
  },

  voucher: {
    qr: (title) => `Kupono „${title}“ QR kodas`,
    show: 'Parodykite prie durų',
    bright: 'Padidinkite ekrano ryškumą',
    code: 'Kodas',
    used: 'Panaudota. Smagaus vakaro!',
    usedAt: (time) => `Panaudota ${time}`,
    usedOnce: (left) =>
      `Nuskaityta. Smagaus! Dar ${left} ${plural(left, 'kartas', 'kartai', 'kartų')}.`,
    undone: 'Durys atšaukė nuskaitymą: kuponas vėl galioja.',
    voided: 'Nebegalioja',
    voidedLead: 'Organizatoriai jį atšaukė.',
    released: 'Grąžinta',
    notYet: (time) => `Galios nuo ${time}`,
    over: (time) => `Galiojo iki ${time}`,
    giveBack: 'Grąžinti',
    giveBackTitle: 'Grąžinti?',
    giveBackLead: 'Tada jį galės gauti kas nors kitas. Jūsų kodas iš karto nustos galioti.',
    giveBackYes: 'Taip, grąžinti',
    giveBackNo: 'Pasilikti',
    givenBack: 'Grąžinta. Kažkas apsidžiaugs.',
    giveBackUsed: 'Jis jau panaudotas, grąžinti nebegalima.',
  },

  wallet: {
    empty: 'Kuponų čia dar nėra',
    emptyLead:
      'Atverkite savo renginio puslapį (nuorodą arba QR kodą) ir užsiimkite. Ką gausite, lauks čia – net ir be interneto.',
    ready: 'Galioja',
    past: 'Panaudoti ir pasibaigę',
    toEvent: 'Į renginį',
    stale: (time) => `${time} duomenys`,
    ended: {
      expired: 'Pasibaigė: kuponai saugomi iki 30 dienų po renginio.',
      gone: 'Sistema šios piniginės nebežino: renginys arba jūsų vieta jo sąraše pašalinti.',
    },
    forget: 'Pašalinti iš šio telefono',
    noName: 'Renginys',
    none: 'Šio renginio kuponų nėra.',
  },

  carry: {
    title: 'Pasiimkite kartu',
    lead: 'Nuskaitykite kitu įrenginiu arba atverkite jame nuorodą. Ji veikia vieną kartą.',
    make: 'Į kitą įrenginį',
    making: 'Kuriame nuorodą …',
    back: 'Atgal prie kupono',
    qr: 'QR kodas nuorodos, kuri atveria šiuos kuponus kitame įrenginyje',
    copy: 'Kopijuoti nuorodą',
    copied: 'Nukopijuota',
    share: 'Siųsti',
    left: 'Galioja dar',
    over: 'Ši nuoroda per sena.',
    anew: 'Nauja nuoroda',
    secret: 'Kas ją atvers, irgi turės jūsų kuponus.',
    opening: 'Atveriame jūsų kuponus …',
    opened: 'Jūsų kuponai jau šiame įrenginyje.',
    dead: 'Ši nuoroda jau panaudota arba per sena. Sukurkite naują įrenginyje, kuriame yra kuponai.',
    failedTitle: 'Nepavyko atverti nuorodos',
    paste: 'Turite kuponų kitame įrenginyje?',
    pasteLead:
      'Ten pasirinkite „Į kitą įrenginį“ ir įklijuokite nuorodą čia. Įdiegta programėlė turi savo piniginę.',
    pasteLabel: 'Nuoroda',
    pasteWrong: 'Tai ne piniginės nuoroda.',
    pasteDo: 'Atverti',
  },

  code: {
    title: 'Kuponas',
    loading: 'Žiūrime kuponą …',
    unknownTitle: 'Šio kodo nežinome',
    unknown:
      'Čia jo patikrinti negalima. Pačių organizatorių sukurtus kodus žino tik durys – parodykite jį ten.',
    ready: 'Galioja',
    readyLead: 'Parodykite šį kodą prie durų.',
    free: 'Jis dar niekieno',
    freeLead: 'Pradės galioti, kai kas nors jį užsiims renginio puslapyje.',
    used: 'Jau panaudotas',
    usedLead: 'Šis kodas jau nuskaitytas prie durų.',
    dead: 'Nebegalioja',
    deadLead: 'Jis grąžintas arba atšauktas. Jokios durys jo nepriims.',
    closed: 'Renginys uždarytas: durys nieko nebepriima.',
    mine: 'Jis jūsų',
    event: 'Į renginį',
    checked: (time) => `${time} duomenys`,
  },
};
