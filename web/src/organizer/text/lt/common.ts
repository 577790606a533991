import type * as english from '../en/common.ts';

export const common: typeof english.common = {
  close: 'Uždaryti',
  cancel: 'Atšaukti',
  save: 'Išsaugoti',
  saved: 'Išsaugota.',
  edit: 'Keisti',
  remove: 'Pašalinti',
  done: 'Baigta',
  yes: 'taip',
  no: 'ne',
  copy: 'Kopijuoti',
  copied: 'Nukopijuota',
  copyFailed: 'Naršyklė neleido nukopijuoti. Pažymėkite tekstą patys.',
  loading: 'Įkeliama …',
  partFailed: 'Nepavyko įkelti šios programos dalies.',
  reload: 'Įkelti puslapį iš naujo',
};

export const nav: typeof english.nav = {
  label: 'Renginio puslapiai',
  live: 'Apžvalga',
  offers: 'Pasiūlymai',
  codes: 'Kodai',
  doors: 'Durys',
  inbox: 'Gauta',
  share: 'Dalytis',
  team: 'Komanda',
  settings: 'Nuostatos',
};

export const forms: typeof english.forms = {
  refused: 'Ši reikšmė netinka.',
  badTime: 'Įrašykite datą ir laiką.',
  endBeforeStart: 'Pabaiga turi būti po pradžios.',
  wholeNumber: (least, most) => `Įrašykite sveikąjį skaičių nuo ${least} iki ${most}.`,
  span: (from, until) => {
    if (from === null) return `iki ${until}`;
    return until === null ? `nuo ${from}` : `${from} – ${until}`;
  },
  moved: 'Kažkas tuo metu čia šį tą pakeitė. Tai jau matote; jūsų pakeitimai liko.',
  contested: 'Kažkas tuo metu tai pakeitė. Kaip turi būti?',
  theirs: 'Jų, jau išsaugota',
  mine: 'Jūsų, dar neišsaugota',
  takeTheirs: 'Imti jų',
  keepMine: 'Palikti mano',
  nothing: '(tuščia)',
  chooseFirst: 'Pirma pasirinkite, kurios reikšmės lieka, tada išsaugokite.',
  overtaken:
    'Kažkas jus aplenkė, todėl dar niekas neišsaugota. Peržiūrėkite, kas pasikeitė, ir išsaugokite dar kartą.',
  changedMeanwhile: 'Kažkas tai pakeitė tą pačią akimirką. Peržiūrėkite ir bandykite dar kartą.',
};

export const kinds: typeof english.kinds = {
  slug_taken: 'Tokį adresą jau turi kitas renginys.',
  last_owner: 'Renginyje visada lieka bent vienas savininkas.',
  already_member: 'Jūs jau esate šioje komandoje.',
  codes_taken: 'Dalis kodų sutampa arba jau yra renginyje:',
  forbidden: 'Jūsų vaidmuo šiame renginyje to neleidžia.',
  'not-found': 'To čia nebėra.',
  stale: 'Kažkas tai tuo metu pakeitė.',
  'too-large': 'Per didelis failas.',
};
