#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
# Fetches the programs that the tests compare Pare with, where it can: llama.cpp's libraries (npm
# package of node-llama-cpp, built from llama.cpp de3ff81) and Python's gguf, safetensors, numpy,
# tokenizers and sentencepiece (into a virtual environment). They are kept in $XDG_CACHE_HOME/pare-test-peers, outside
# of the source tree, and nothing is fetched twice. Standard output gets lines for `eval`; what is
# skipped, and why, is said on standard error. Never fails: tests without a peer are skipped.
#
#   eval "$(sh tests/interop/fetch_peers.sh)"
set -u

llama=linux-x64
llama_version=3.22.1
llama_sha256=0d953e1503d5ab4608d8ed5b739132308c81ac05ffeb760d2a7f30e08a9f90e0
packages="gguf==0.19.0 safetensors==0.8.0 numpy==2.4.6"
# Without what it depends on: that is for downloads, which no test does.
more_packages="tokenizers==0.22.2 sentencepiece==0.2.3"
limit=180 # seconds for each download

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/pare-test-peers
venv=$cache/python-gguf-0.19.0-tokenizers-0.22.2
work=

say() {
    echo "fetch_peers: $*" >&2
}

clean() {
    [ -z "$work" ] || rm -rf "$work"
}
trap clean EXIT
trap 'exit 0' INT TERM

# Unpacks the package of llama.cpp into $cache/llama-VERSION, whole or not at all.
fetch_llama() {
    if [ "$(uname -m)" != x86_64 ]; then
        say "llama.cpp skipped: the package is for x86_64"
        return 1
    fi
    if ! command -v npm >/dev/null; then
        say "llama.cpp skipped: npm is not installed (or set PARE_TEST_GGML to the folder of" \
            "libllama and libggml-base)"
        return 1
    fi
    if ! (cd "$work" && timeout "$limit" npm pack --silent \
            "@node-llama-cpp/$llama@$llama_version" >npm.log 2>&1); then
        say "llama.cpp skipped: npm pack does not succeed: $(tail -n 1 "$work/npm.log")"
        return 1
    fi
    archive=$(echo "$work"/*.tgz)
    if [ "$(sha256sum <"$archive")" != "$llama_sha256  -" ]; then
        say "llama.cpp skipped: the package is not the one that these tests were written with"
        return 1
    fi
    mkdir "$work/llama" && tar -xzf "$archive" -C "$work/llama" &&
        mv -T "$work/llama" "$cache/llama-$llama_version"
}

offer_llama() {
    folder=$cache/llama-$llama_version/package/bins/$llama
    if [ -n "${PARE_TEST_GGML:-}" ]; then
        say "llama.cpp: $PARE_TEST_GGML (PARE_TEST_GGML)"
        return
    fi
    if [ -e "$folder/libggml-base.so" ] || fetch_llama; then
        echo "export PARE_TEST_GGML='$folder'"
    fi
}

has_packages() {
    "$1" -c 'import gguf, safetensors.numpy, numpy' >/dev/null 2>&1
}

fetch_python() {
    rm -rf "$venv"
    if ! python3 -m venv "$venv" >"$work/venv.log" 2>&1; then
        say "Python packages skipped: python3 cannot make a virtual environment (Debian:" \
            "python3-venv)"
        rm -rf "$venv"
        return 1
    fi
    # shellcheck disable=SC2086 # a list
    if ! timeout "$limit" "$venv/bin/python3" -m pip install --quiet --no-input \
            --disable-pip-version-check $packages >"$work/pip.log" 2>&1; then
        say "Python packages skipped: pip does not succeed: $(tail -n 1 "$work/pip.log")"
        rm -rf "$venv"
        return 1
    fi
    has_packages "$venv/bin/python3"
}

# Only one test needs them, so the others have their Python without them, too.
fetch_more() {
    # shellcheck disable=SC2086 # a list
    timeout "$limit" "$venv/bin/python3" -m pip install --quiet --no-input --no-deps \
        --disable-pip-version-check $more_packages >"$work/pip.log" 2>&1 ||
        say "tokenizers and sentencepiece skipped: pip does not succeed:" \
            "$(tail -n 1 "$work/pip.log")"
}

has_more() {
    "$1" -c 'import tokenizers, sentencepiece' >/dev/null 2>&1
}

offer_system() {
    has_packages python3 && echo "export PARE_TEST_PYTHON='$(command -v python3)'"
}

offer_python() {
    if ! command -v python3 >/dev/null; then
        say "Python packages skipped: there is no python3"
    elif has_more python3 && offer_system; then
        :
    elif has_packages "$venv/bin/python3" || fetch_python; then
        has_more "$venv/bin/python3" || fetch_more
        folder=$("$venv/bin/python3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        echo "export PARE_TEST_PYTHON='$venv/bin/python3'"
        echo "export PYTHONPATH='$folder${PYTHONPATH:+:$PYTHONPATH}'"
    else
        offer_system
    fi
}

if mkdir -p "$cache" && work=$(mktemp -d "$cache/fetch.XXXXXX"); then
    offer_llama
    offer_python
else
    say "skipped: cannot write in $cache"
fi
exit 0
