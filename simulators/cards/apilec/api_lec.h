/*
 * The reading API of the carte Vitale, as a product calls it, fed by the bench.
 *
 * Names and prototypes: fact sheet cards.md section 6. Every function returns 0, or the code
 * of section 6.1 that it also writes in codeErreur.
 */
#ifndef API_LEC_H
#define API_LEC_H

#ifdef _WIN32
#define API_LEC_CALL __declspec(dllexport)
#else
#define API_LEC_CALL __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* chemin: folder that holds api_lec.ini, in the encoding of the system, with or without its
 * last separator. mode: written 0 (its values are not public). */
API_LEC_CALL unsigned short Hn_Init(const unsigned char *chemin, unsigned short *mode,
                                    unsigned short *codeErreur);

/* out receives the XML text, with a final zero when there is room; lgOut gives the size of
 * out in octets and receives that of the XML. etatCarte: 0 present, 1 the same as at the last
 * reading, 2 another one, 3 absent (values ours). */
API_LEC_CALL unsigned short Hn_LectureVitaleDonneesIdentification(short tempsAttente_s, char *out,
                                                                  unsigned int *lgOut,
                                                                  short *etatCarte,
                                                                  unsigned short *codeErreur);

API_LEC_CALL unsigned short Hn_Finir(unsigned short *codeErreur);

#ifdef __cplusplus
}
#endif

#endif
