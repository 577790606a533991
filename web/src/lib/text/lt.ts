import type { Catalogue } from './en.ts';
import { pluralOf } from './plural.ts';

const plural = pluralOf('lt');

export const lt: Catalogue = {
  product: 'Party Dibs',

  common: {
    retry: 'Bandyti dar kartą',
    signOut: 'Atsijungti',
    skip: 'Pereiti prie turinio',
    loadMore: 'Rodyti daugiau',
    required: 'Užpildykite šį lauką.',
    showPassword: 'Rodyti slaptažodį',
  },

  problems: {
    unreachable: 'Serveris neatsako. Patikrinkite ryšį ir bandykite dar kartą.',
    fault: 'Mūsų pusėje kažkas sugedo. Po akimirkos bandykite dar kartą.',
    busy: 'Serveris labai užimtas. Po akimirkos bandykite dar kartą.',
    tooMany: (seconds) => {
      if (seconds === null) return 'Per daug bandymų. Truputį palaukite.';
      if (seconds < 90)
        return `Per daug bandymų. Palaukite ${seconds} ${plural(seconds, 'sekundę', 'sekundes', 'sekundžių')}.`;
      const minutes = Math.ceil(seconds / 60);
      return `Per daug bandymų. Palaukite ${minutes} ${plural(minutes, 'minutę', 'minutes', 'minučių')}.`;
    },
    fields: 'Patikrinkite pažymėtus laukus.',
    other: 'Nepavyko.',
  },

  connection: {
    live: 'Tiesiogiai',
    connecting: 'Jungiamasi …',
    lost: 'Nėra ryšio',
    lostLead: (time) =>
      time === null
        ? 'Ryšio nėra. Bandoma iš naujo …'
        : `Ryšio nėra. Šie skaičiai – ${time} duomenys. Bandoma iš naujo …`,
    again: 'Ryšys atkurtas',
    tryNow: 'Bandyti dabar',
  },
};
