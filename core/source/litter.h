/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Files and folders that are no models, by their names: what desktops and network storage leave
 * everywhere, and the texts that lie beside models.
 */
#ifndef SOURCE_LITTER_H
#define SOURCE_LITTER_H

/* Patterns of names with spaces between them, as in a shell but without regard to case. One that
 * ends in '/' is for folders, others for files. */
#define LITTER_PLACES                                                                       \
    ".DS_Store ._* .AppleDouble/ .AppleDB/ .AppleDesktop/ .Spotlight-V100/ .Trashes/ "      \
    ".fseventsd/ .TemporaryItems/ .apdisk .afpDeleted* .smbdelete* __MACOSX/ Icon? "        \
    "Network?Trash?Folder/ Temporary?Items/ Thumbs.db ehthumbs.db ehthumbs_vista.db "       \
    "desktop.ini $RECYCLE.BIN/ RECYCLER/ RECYCLED/ System?Volume?Information/ #recycle/ "   \
    "#snapshot/ @Recycle/ @Recently-Snapshot/ @eaDir/ @tmp/ @sharebin/ *@SynoEAStream "     \
    "*@SynoResource .@__thumb/ .@upload_cache/ .streams/ .Trash*/ .recycle/ .recycler/ "    \
    "lost+found/ .directory .stfolder .stfolder*/ .stversions/ .stignore .sync/ .dropbox* " \
    ".dropbox.cache/ .nextcloudsync.log .owncloudsync.log ._sync_* .sync_* .nfs* "          \
    ".fuse_hidden* .snapshot/ .zfs/"
#define LITTER_TEXTS                                                                          \
    "README* LICEN[CS]E* NOTICE* COPYING* USE_POLICY* CHANGELOG* Modelfile* *SUMS *SUM *.md " \
    "*.markdown *.rst *.txt *.html *.htm *.pdf *.doc *.docx *.rtf *.odt *.csv *.tsv *.xls "   \
    "*.xlsx *.log *.nfo *.json *.jsonl *.jinja *.yaml *.yml *.toml *.ini *.cfg *.conf *.xml " \
    "*.py *.ipynb *.sh *.bat *.ps1 tokenizer.model spiece.model sentencepiece.bpe.model "     \
    "*.tiktoken *.md5 *.sha1 *.sha224 *.sha256 *.sha384 *.sha512 *.md5sum *.sha1sum "         \
    "*.sha256sum *.sha512sum *.b2 *.b3 *.blake3 *.crc *.sfv *.par2 *.asc *.sig *.gpg "        \
    "*.minisig *.torrent *.metalink *.meta4 *.url *.webloc *.desktop *.lnk *.etag *.lock "    \
    "*.png *.jpg *.jpeg *.gif *.webp *.svg *.bmp *.ico *.mp3 *.mp4 *.mkv *.webm *.wav "       \
    "*.flac *.eml .git* .editorconfig"

#define LITTER_DEFAULT LITTER_PLACES " " LITTER_TEXTS

/* The pattern of the list that fits the name, or NULL; *ret_len is its length. */
const char *litter_find(const char *patterns, const char *name, int is_dir, unsigned *ret_len);

#endif
