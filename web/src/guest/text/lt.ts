import type { Catalogue } from './en.ts';
import { pluralOf } from '../../lib/text/plural.ts';

const plural = pluralOf('lt');

export const lt: Catalogue = {
  loading: 'Ieškome vakarėlio …',
  close: 'Užverti',

  line: {
    live: 'Tiesiogiai',
    connecting: 'Jungiamės …',
    lost: 'Nėra ryšio',
    lostLead: 'Nėra ryšio. Skaičiai gali būti seni, bet jūsų kuponai vis tiek galioja.',
    again: 'Ryšys atkurtas.',
  },

  event: {
    where: 'Kur',
    when: 'Kada',
    unknownTitle: 'Vakarėlio čia nėra',
    unknown: 'Šiuo adresu renginio nėra. Gal jis dar neatidarytas – paprašykite nuorodos iš naujo.',
    failedTitle: 'Nepavyko parodyti vakarėlio',
    closedTitle: 'Renginys uždarytas',
    closed: 'Čia nieko daugiau nebeužsiimsite. Jūsų kuponai lieka piniginėje.',
    offers: 'Užsiimkite',
    noOffers: 'Kol kas nėra ko užsiimti',
    noOffersLead: 'Kai tik kas nors atsiras, čia pasirodys savaime.',
    mine: 'Jūsų',
    earlier: 'Panaudoti ir grąžinti',
    share: 'Dalytis šiuo puslapiu',
    copied: 'Adresas nukopijuotas',
    endedTitle: 'Ankstesni jūsų kuponai nebegalioja',
    ended: {
      expired: 'Jie galiojo iki 30 dienų po renginio.',
      gone: 'Sistema jų nebežino: renginys arba jūsų vieta jo sąraše pašalinti.',
    },
    install: 'Įsidėkite į pradžios ekraną – ten kodai atsivers ir be interneto.',
    installDo: 'Įdiegti',
  },

  offer: {
    left: (count) => plural(count, 'liko', 'liko', 'liko'),
    of: (quantity) => `iš ${quantity}`,
    noLimit: 'Daug',
    noLimitLead: 'užteks visiems',
    gone: 'Nebėra',
    goneLead: 'Jei kas nors grąžins, čia pasirodys iš karto.',
    dibs: 'Čia mano!',
    another: 'Dar vieną',
    calling: 'Užsiimame …',
    show: 'Rodyti mano kodą',
    have: 'Jau turite',
    haveSome: (count) => `Turite ${count}`,
    limit: (count) => `po ${count} kiekvienam svečiui`,
    uses: (count) => `galioja ${count} ${plural(count, 'kartą', 'kartus', 'kartų')}`,
    until: (time) => `iki ${time}`,
    usableFrom: (time) => `Galioja nuo ${time}`,
    usableUntil: (time) => `Galioja iki ${time}`,
    usableBetween: (from, until) => `Galioja nuo ${from} iki ${until}`,
    opens: (time) => `Atsidarys ${time}`,
    opensIn: 'Atsidarys po',
    closed: (time) => `Uždaryta nuo ${time}`,
    paused: 'Pristabdyta',
    pausedLead: 'Organizatoriai trumpam sustabdė. Kai tęs, puslapis parodys pats.',
    eventClosed: 'Renginys uždarytas',
    got: 'Užsiimta! Tai jūsų.',
    waiting: {
      unreachable:
        'Atsakymo dar nėra. Klausiame, kol atsakys: jūsų vieta skaičiuojama vieną kartą.',
      busy: 'Dabar klausia daug žmonių. Pakartosime patys.',
    },
    entering: 'Įleidžiame …',
    enteringBusy: 'Dabar ateina labai daug žmonių. Kelios sekundės …',
    refused: {
      event_not_open: 'Per vėlu: renginys uždarytas.',
      offer_paused: 'Ką tik pristabdyta. Bandykite, kai tęs.',
      not_claimable: 'Šiuos dalija tik organizatoriai.',
      not_yet_open: 'Dar neatidaryta. Dar akimirka.',
      closed: 'Per vėlu: laikas baigėsi.',
      guest_limit_reached: 'Jau turite tiek, kiek gali turėti vienas svečias.',
      sold_out: 'Buvo taip arti! Kažkas suspėjo pirmas, ir paskutinio nebėra.',
    },
    missing: 'Šio pasiūlymo nebėra.',
    lostGuest: 'Sistema šio telefono nebepažįsta. Užsiimkite dar kartą – pradėsime iš naujo.',
  },

  voucher: {
    left: (count, all) => `Liko ${count} iš ${all} ${plural(all, 'karto', 'kartų', 'kartų')}`,
    state: {
      issued: 'Galioja',
      claimed: 'Galioja',
      redeemed: 'Panaudotas',
      released: 'Grąžintas',
      voided: 'Negalioja',
    },
  },

  wallet: {
    title: 'Mano kuponai',
    open: (count) =>
      count === 0
        ? 'Mano kuponai'
        : `Mano kuponai, ${count} ${plural(count, 'galiojantis', 'galiojantys', 'galiojančių')}`,
  },
};
