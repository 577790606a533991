/** The words of the start page in Lithuanian, by the `data-text` of `index.html`. */
export const lt: Readonly<Record<string, string>> = {
  tagline: 'Kiekvienas nakties kuponas – tiesiogiai.',
  guests: 'Aš svečias',
  guestsLead: 'Mano kuponai ir jų kodai',
  doors: 'Aš prie durų',
  doorsLead: 'Nuskaityk ir iškart matyk',
  organizers: 'Aš organizuoju',
  organizersLead: 'Pasiūlymai, kodai ir naktis tiesiogiai',
  programs: 'Programoms: API',
};
