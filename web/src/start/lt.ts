/** The words of the start page in Lithuanian, by the `data-text` of `index.html`. */
export const lt: Readonly<Record<string, string>> = {
  tagline: 'Visi vakaro kuponai – tiesiogiai.',
  guests: 'Aš svečias',
  guestsLead: 'Mano kuponai ir jų kodai',
  doors: 'Aš prie durų',
  doorsLead: 'Nuskaitote ir iškart matote',
  organizers: 'Aš organizuoju',
  organizersLead: 'Pasiūlymai, kodai ir vakaras tiesiogiai',
  programs: 'Programoms: API',
};
