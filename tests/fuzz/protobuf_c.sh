#!/bin/sh
# Fetches the source of the installed libprotobuf-c into a folder, from Debian's own source package, and says where its one file is; the system's
# list of packages stays as it is.
#
#   sh tests/fuzz/protobuf_c.sh FOLDER
set -eu
mkdir -p "$1/lists/partial" "$1/parts"
cd "$1"
version=$(dpkg-query -W -f '${source:Version}' libprotobuf-c-dev)
source=$(echo protobuf-c-*/protobuf-c/protobuf-c.c)
if [ ! -f "$source" ]; then
    cat >parts/source.sources <<END
Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
    options="-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$PWD/parts -o Dir::State::Lists=$PWD/lists -o APT::Sandbox::User=root"
    # shellcheck disable=SC2086
    { apt-get $options update -q && apt-get $options source -q --download-only "protobuf-c=$version"; } >fetch.log 2>&1
    dpkg-source -x protobuf-c_*.dsc >>fetch.log 2>&1
    source=$(echo protobuf-c-*/protobuf-c/protobuf-c.c)
fi
echo "$PWD/$source"
