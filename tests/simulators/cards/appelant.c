/* A product that reads a carte Vitale, for Windows: loads the DLL it is given and prints. */
#include <stdio.h>
#include <windows.h>

typedef unsigned short (*init_t)(const unsigned char *, unsigned short *, unsigned short *);
typedef unsigned short (*read_t)(short, char *, unsigned int *, short *, unsigned short *);
typedef unsigned short (*finish_t)(unsigned short *);

static char xml[65536];

int main(int argc, char **argv)
{
    HMODULE library = argc > 2 ? LoadLibraryA(argv[1]) : NULL;
    init_t init = library ? (init_t)(void *)GetProcAddress(library, "Hn_Init") : NULL;
    read_t read = library ? (read_t)(void *)GetProcAddress(
                                library, "Hn_LectureVitaleDonneesIdentification")
                          : NULL;
    finish_t finish = library ? (finish_t)(void *)GetProcAddress(library, "Hn_Finir") : NULL;
    unsigned short mode = 9, code = 99, returned;
    unsigned int size = sizeof xml;
    short state = 9;
    if (!init || !read || !finish) {
        return 2;
    }
    returned = init((const unsigned char *)argv[2], &mode, &code);
    printf("Hn_Init %u %u %u\n", returned, mode, code);
    returned = read(0, xml, &size, &state, &code);
    printf("Hn_Lecture %u %u %d %u\n", returned, code, state, size);
    printf("Hn_Finir %u\n", finish(&code));
    fwrite(xml, 1, size, stdout);
    return 0;
}
