"""One French page per technology on how to trust the bench, written beside the files."""

from __future__ import annotations

from pathlib import Path

from simulators.pki.credential import PASSWORD

_WARNING = """\
> Ces autorités sont celles d'un banc d'essai. Ne les installez jamais sur un poste de
> production : leurs clés sont sur le disque de celui qui lance le banc.
"""

_WINDOWS = f"""\
# Windows (magasin de certificats, .NET, navigateurs)

{_WARNING}
Dans une invite de commandes, depuis ce dossier (`confiance`) :

    certutil -user -addstore Root racine-elementaire.cer
    certutil -user -addstore CA organisations.cer

Avec `-user`, seul l'utilisateur courant fait confiance au banc ; sans `-user`, tout le poste
(invite d'administrateur), ce qu'il faut à un service Windows. Pour un certificat client, ouvrez
`../certificats/<nom>.p12` (mot de passe : `{PASSWORD}`) et choisissez le magasin « Personnel ».

Pour retirer la confiance, avec l'empreinte que donne `certutil -hashfile racine-elementaire.cer` :

    certutil -user -delstore Root <empreinte>
    certutil -user -delstore CA <empreinte>

.NET vérifie la révocation par les adresses écrites dans le certificat (CRL, OCSP), que le banc
sert sur 127.0.0.1 : elles ne passent pas par un mandataire.
"""

_JAVA = f"""\
# Java (magasins JKS et PKCS#12)

{_WARNING}
`autorites.jks` et `autorites.p12` sont des magasins de confiance prêts à l'emploi
(mot de passe : `{PASSWORD}`) :

    java -Djavax.net.ssl.trustStore=confiance/autorites.jks \\
         -Djavax.net.ssl.trustStorePassword={PASSWORD} …

ou, pour ajouter la racine au magasin qu'emploie déjà le logiciel :

    keytool -importcert -alias banc-segur -file racine-elementaire.cer -keystore <magasin>

Certificat client : `-Djavax.net.ssl.keyStore=certificats/org-insi-manu.p12`,
`-Djavax.net.ssl.keyStoreType=PKCS12`, `-Djavax.net.ssl.keyStorePassword={PASSWORD}`.

Un échec de poignée de main s'explique avec `-Djavax.net.debug=ssl:handshake`, et le journal du
banc en donne la cause (opération `TLS`).
"""

_OPENSSL = f"""\
# OpenSSL (curl, Python, PHP, Node.js, Ruby, Go)

{_WARNING}
`autorites.pem` contient la racine et l'autorité qui signe les serveurs.

| Outil | Réglage |
|---|---|
| curl | `--cacert confiance/autorites.pem --cert certificats/<nom>.chaine.pem --key <clé>` |
| Python requests, httpx | `verify="confiance/autorites.pem"` |
| Node.js | `NODE_EXTRA_CA_CERTS=confiance/autorites.pem` |
| PHP | `openssl.cafile` ou l'option de flux `cafile` |
| Go, Ruby, Perl | `SSL_CERT_FILE=confiance/autorites.pem` |

Pour voir ce que le banc présente (le nom et le port sont dans `environnement.json`) :

    openssl s_client -connect localhost:<port> -CAfile confiance/autorites.pem -brief

`<nom>.key.pem` est la clé de `<nom>` ; ses variantes (`<nom>.expire` …) ont la même.
"""

_PINNED = f"""\
# Logiciel à confiance figée (autorités livrées avec le logiciel)

{_WARNING}
Remplacez, dans une installation d'essai, les fichiers que le logiciel livre :

| Il attend | Donnez-lui |
|---|---|
| un fichier PEM | `autorites.pem` |
| des fichiers DER (`.cer`, `.crt`) | `racine-elementaire.cer` et `organisations.cer` |
| un magasin Java | `autorites.jks` ou `autorites.p12` |
| une empreinte | celle que donne `openssl x509 -inform DER -in organisations.cer -noout -sha256 \
-fingerprint` |

Les certificats de serveur du banc portent aussi les noms officiels : un logiciel dont les noms
d'hôte sont figés est dirigé vers le banc par les lignes du fichier `../hotes` (à ajouter au
fichier hosts du poste d'essai) et par une redirection du port 443 vers le port du service (un
service à la fois) :

    # Linux
    iptables -t nat -A OUTPUT -d 127.0.0.1 -p tcp --dport 443 -j REDIRECT --to-ports <port>
    # Windows
    netsh interface portproxy add v4tov4 listenport=443 connectport=<port> \
connectaddress=127.0.0.1

Un logiciel qui vérifie le nom de l'autorité (« AC IGC-SANTE ELEMENTAIRE ORGANISATIONS ») doit
pouvoir en accepter une autre en essai : le banc n'imite pas le nom de l'autorité réelle.
"""

PAGES = {
    "windows.md": _WINDOWS,
    "java.md": _JAVA,
    "openssl.md": _OPENSSL,
    "confiance-figee.md": _PINNED,
}
"""File name to Markdown text."""


def write_pages(place: Path) -> None:
    """Write every page in the trust folder."""
    for name, text in PAGES.items():
        (place / name).write_text(text, encoding="utf-8")
