/*
 * Fed by the bench: each call is one connection to the listener « cards-apilec », one line
 * sent, one line received, then the XML. The line of a call is
 *
 *     <function> session=<0|1> code=<n> attente=<seconds> taille=<octets>
 *
 * where code is the error this library found by itself (0: none), and its answer
 *
 *     CODE <n> ETAT <n> TAILLE <octets of XML that follow>
 *
 * C99 and sockets only: the same source makes a .so and a Windows DLL.
 */
#include "api_lec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
typedef SOCKET socket_t;
#define NO_SOCKET INVALID_SOCKET
#define close_socket closesocket
#define NO_SIGNAL 0
#else
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>
typedef int socket_t;
#define NO_SOCKET (-1)
#define close_socket close
#define NO_SIGNAL MSG_NOSIGNAL
#endif

enum {
    CODE_NONE = 0,
    CODE_UNKNOWN = 10,
    CODE_RESOURCE = 20,
    CODE_SESSION_OPEN = 21,
    CODE_NO_SESSION = 26,
    CODE_INIT_VITALE = 31,
    CODE_INIT_FILE = 32,
    CODE_NULL = 52,
    CODE_VALUE = 54,
    CODE_SIZE = 55
};

enum { STATE_PRESENT = 0, STATE_ABSENT = 3, LINE_MAX_OCTETS = 256, MARGIN_S = 15 };

static char bench_host[LINE_MAX_OCTETS];
static char bench_port[16];
static int session_open = 0;

struct answer {
    unsigned short code;
    short state;
    unsigned int size;
    char *content;
};

static unsigned short tell(unsigned short *code_erreur, unsigned short code)
{
    if (code_erreur != NULL) {
        *code_erreur = code;
    }
    return code;
}

/* Configuration ----------------------------------------------------------- */

static char *trimmed(char *text)
{
    size_t size;
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    size = strlen(text);
    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL) {
        text[--size] = '\0';
    }
    return text;
}

static int keep_address(const char *value)
{
    const char *colon = strrchr(value, ':');
    if (colon == NULL || colon == value || (size_t)(colon - value) >= sizeof bench_host ||
        colon[1] == '\0' || strlen(colon + 1) >= sizeof bench_port) {
        return 0;
    }
    memcpy(bench_host, value, (size_t)(colon - value));
    bench_host[colon - value] = '\0';
    strcpy(bench_port, colon + 1);
    return 1;
}

static int read_address(FILE *file)
{
    static const char key[] = "Ressource_Vitale";
    char line[LINE_MAX_OCTETS];
    int in_section = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *text = trimmed(line);
        char *equals = strchr(text, '=');
        if (*text == '[') {
            in_section = strcmp(text, "[Lecteur]") == 0;
        } else if (in_section && equals != NULL) {
            *equals = '\0';
            if (strcmp(trimmed(text), key) == 0) {
                return keep_address(trimmed(equals + 1));
            }
        }
    }
    return 0;
}

static unsigned short configure(const char *folder)
{
    char path[1024];
    size_t size = strlen(folder);
    const char *separator = size > 0 && strchr("/\\", folder[size - 1]) != NULL ? "" : "/";
    FILE *file;
    int found;
    if (size == 0 || size + sizeof "/api_lec.ini" > sizeof path) {
        return CODE_INIT_FILE;
    }
    sprintf(path, "%s%sapi_lec.ini", folder, separator);
    file = fopen(path, "r");
    if (file == NULL) {
        return CODE_INIT_FILE;
    }
    found = read_address(file);
    fclose(file);
    return found ? CODE_NONE : CODE_INIT_VITALE;
}

/* The line to the bench ----------------------------------------------------- */

static void bound_waiting(socket_t line, int seconds)
{
#ifdef _WIN32
    DWORD limit = (DWORD)seconds * 1000;
#else
    struct timeval limit;
    limit.tv_sec = seconds;
    limit.tv_usec = 0;
#endif
    setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, (const void *)&limit, sizeof limit);
}

static socket_t connect_bench(void)
{
    struct addrinfo hints;
    struct addrinfo *found = NULL;
    struct addrinfo *one;
    socket_t line = NO_SOCKET;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(bench_host, bench_port, &hints, &found) != 0) {
        return NO_SOCKET;
    }
    for (one = found; one != NULL && line == NO_SOCKET; one = one->ai_next) {
        line = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (line != NO_SOCKET && connect(line, one->ai_addr, (int)one->ai_addrlen) != 0) {
            close_socket(line);
            line = NO_SOCKET;
        }
    }
    freeaddrinfo(found);
    return line;
}

static int receive_line(socket_t line, char *text, size_t room)
{
    size_t size = 0;
    while (size + 1 < room) {
        if (recv(line, text + size, 1, 0) != 1) {
            return 0;
        }
        if (text[size] == '\n') {
            text[size] = '\0';
            return 1;
        }
        size++;
    }
    return 0;
}

static int receive_content(socket_t line, struct answer *answer)
{
    unsigned int size = 0;
    answer->content = malloc((size_t)answer->size + 1);
    while (answer->content != NULL && size < answer->size) {
        int more = (int)recv(line, answer->content + size, (int)(answer->size - size), 0);
        if (more <= 0) {
            return 0;
        }
        size += (unsigned int)more;
    }
    return answer->content != NULL;
}

static int converse(socket_t line, const char *request, struct answer *answer)
{
    char text[LINE_MAX_OCTETS];
    int code;
    int state;
    int size = (int)strlen(request);
    if (send(line, request, size, NO_SIGNAL) != size || !receive_line(line, text, sizeof text) ||
        sscanf(text, "CODE %d ETAT %d TAILLE %u", &code, &state, &answer->size) != 3) {
        return 0;
    }
    answer->code = (unsigned short)code;
    answer->state = (short)state;
    return answer->size == 0 || receive_content(line, answer);
}

/* Ask the bench; what cannot be asked is GEST_RESSOURCE. */
static struct answer ask(const char *function, unsigned short own_code, int wait, unsigned int room)
{
    struct answer answer = {CODE_RESOURCE, STATE_ABSENT, 0, NULL};
    char request[LINE_MAX_OCTETS];
    socket_t line;
    if (bench_host[0] == '\0') {
        answer.code = own_code != CODE_NONE ? own_code : CODE_NO_SESSION;
        return answer;
    }
    sprintf(request, "%s session=%d code=%d attente=%d taille=%u\n", function, session_open,
            (int)own_code, wait, room);
    line = connect_bench();
    if (line == NO_SOCKET) {
        answer.code = own_code != CODE_NONE ? own_code : CODE_RESOURCE;
        return answer;
    }
    bound_waiting(line, wait + MARGIN_S);
    if (!converse(line, request, &answer)) {
        free(answer.content);
        answer.content = NULL;
        answer.size = 0;
        answer.code = CODE_RESOURCE;
    }
    close_socket(line);
    return answer;
}

/* The three functions --------------------------------------------------------- */

static int start_network(void)
{
#ifdef _WIN32
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
#else
    return 1;
#endif
}

unsigned short Hn_Init(const unsigned char *chemin, unsigned short *mode,
                       unsigned short *codeErreur)
{
    struct answer answer;
    unsigned short code;
    if (chemin == NULL || mode == NULL || codeErreur == NULL) {
        return tell(codeErreur, ask("Hn_Init", CODE_NULL, 0, 0).code);
    }
    *mode = 0;
    if (session_open) {
        return tell(codeErreur, ask("Hn_Init", CODE_SESSION_OPEN, 0, 0).code);
    }
    code = configure((const char *)chemin);
    if (code != CODE_NONE) {
        return tell(codeErreur, code);
    }
    if (!start_network()) {
        return tell(codeErreur, CODE_RESOURCE);
    }
    answer = ask("Hn_Init", CODE_NONE, 0, 0);
    free(answer.content);
    session_open = answer.code == CODE_NONE;
    return tell(codeErreur, answer.code);
}

static unsigned short wrong_reading(short wait, const char *out, const unsigned int *size,
                                    const short *state, const unsigned short *code)
{
    if (out == NULL || size == NULL || state == NULL || code == NULL) {
        return CODE_NULL;
    }
    if (!session_open) {
        return CODE_NO_SESSION;
    }
    return wait < 0 ? CODE_VALUE : CODE_NONE;
}

unsigned short Hn_LectureVitaleDonneesIdentification(short tempsAttente_s, char *out,
                                                     unsigned int *lgOut, short *etatCarte,
                                                     unsigned short *codeErreur)
{
    unsigned short own = wrong_reading(tempsAttente_s, out, lgOut, etatCarte, codeErreur);
    unsigned int room = lgOut != NULL ? *lgOut : 0;
    struct answer answer = ask("Hn_LectureVitaleDonneesIdentification", own,
                               tempsAttente_s < 0 ? 0 : tempsAttente_s, room);
    if (etatCarte != NULL) {
        *etatCarte = answer.state;
    }
    if (answer.code == CODE_NONE && answer.size > room) {
        answer.code = CODE_SIZE;
    }
    if (lgOut != NULL) {
        *lgOut = answer.size;
    }
    if (answer.code == CODE_NONE && answer.content != NULL) {
        memcpy(out, answer.content, answer.size);
        if (answer.size < room) {
            out[answer.size] = '\0';
        }
    }
    free(answer.content);
    return tell(codeErreur, answer.code);
}

unsigned short Hn_Finir(unsigned short *codeErreur)
{
    unsigned short own = codeErreur == NULL ? CODE_NULL : CODE_NONE;
    struct answer answer;
    if (own == CODE_NONE && !session_open) {
        own = CODE_NO_SESSION;
    }
    answer = ask("Hn_Finir", own, 0, 0);
    free(answer.content);
    if (own == CODE_NONE) {
        session_open = 0;
    }
    return tell(codeErreur, answer.code);
}
