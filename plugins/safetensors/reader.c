/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The reader: chooses the files, reads all headers at once (so that a model that opens is whole),
 * and then lists the tensors, shard by shard in the order of their data.
 */
#include "safetensors/reader.h"

#include "safetensors/dtype.h"
#include "safetensors/folder.h"
#include "safetensors/metadata.h"
#include "safetensors/text.h"

struct reader {
    struct st_context context;
    struct st_folder folder;
    struct st_header *headers; /* one per shard */
    struct st_planes *planes;  /* the same */
    uint32_t n_headers;        /* open so far */
    uint64_t n_tensors;
    uint64_t total_size; /* bytes of all tensors */
    uint32_t shard;      /* where next() is */
    uint64_t tensor;
};

int st_probe(const struct pare_probe *probe)
{
    const struct pare_str name = st_str(probe->name);
    const int plausible = st_header_plausible(probe->head, probe->head_len);
    if (st_ends(name, ST_INDEX_SUFFIX))
        return 60;
    if (st_ends(name, ST_SUFFIX))
        return plausible ? 90 : 50;
    return plausible ? 40 : 0;
}

static int open_shard(struct reader *reader, uint32_t shard)
{
    const struct st_context *context = &reader->context;
    struct st_header *header = &reader->headers[shard];
    if (context->host->cancelled(context->job))
        return ST_FAIL(context, PARE_ECANCELLED, "cancelled while the shards were read");
    int r = st_header_open(context, reader->folder.shards[shard],
                           ST_MAX_TENSORS - reader->n_tensors, header);
    if (r < 0)
        return r;
    reader->n_headers++;
    reader->n_tensors += header->n_tensors;
    if (__builtin_add_overflow(reader->total_size, header->file_size - header->data_start,
                               &reader->total_size))
        return ST_FAIL(context, PARE_EDATA, "the shards' sizes overflow 64 bits");
    if (reader->n_tensors > ST_MAX_TENSORS)
        return ST_FAIL(context, PARE_ELIMIT, "%llu tensors are more than the limit of %u",
                       (unsigned long long)reader->n_tensors, ST_MAX_TENSORS);
    if (reader->folder.index_file != ST_NONE)
        r = st_index_match(context, &reader->folder.index, header, shard);
    if (r == 0)
        r = st_metadata_apply(context, header, &reader->planes[shard]);
    return r == 0 ? st_planes_find(context, &reader->planes[shard], header) : r;
}

static int open_all(struct reader *reader)
{
    const struct st_context *context = &reader->context;
    struct st_folder *folder = &reader->folder;
    int r = st_folder_open(context, folder);
    if (r < 0)
        return r;
    reader->headers = context->host->alloc(context->job, folder->n_shards,
                                           sizeof reader->headers[0]);
    if (!reader->headers)
        return PARE_ENOMEM;
    reader->planes = context->host->alloc(context->job, folder->n_shards, sizeof reader->planes[0]);
    if (!reader->planes)
        return PARE_ENOMEM;
    for (uint32_t i = 0; i < folder->n_shards; i++) {
        r = open_shard(reader, i);
        if (r < 0)
            return r;
    }
    if (folder->index_file != ST_NONE)
        r = st_index_finish(context, &folder->index, reader->total_size);
    return r == 0 ? st_folder_set_roles(context, folder) : r;
}

int st_open(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    struct reader *reader = host->alloc(job, 1, sizeof *reader);
    if (!reader)
        return PARE_ENOMEM;
    reader->context = (struct st_context){ host, job };
    const int r = open_all(reader);
    if (r == 0)
        *ret_state = reader;
    else
        st_close(reader);
    return r;
}

/* Whether the entry is the first in the file of a tensor that is in planes. */
static int is_first_plane(const struct st_planes *planes, const struct st_tensor *tensor,
                          uint64_t i)
{
    const struct st_whole *whole = &planes->wholes[tensor->whole - 1];
    for (uint32_t p = 0; p < planes->encodings[whole->encoding].n_planes; p++)
        if (whole->planes[p] < i)
            return 0;
    return 1;
}

/* Fills in the tensor that entry i is or belongs to; 0 for further planes of one. */
static int fill(const struct st_header *header, const struct st_planes *planes, uint64_t i,
                struct pare_tensor *ret_tensor)
{
    const struct st_tensor *tensor = &header->tensors[i];
    ret_tensor->struct_size = sizeof *ret_tensor;
    if (tensor->whole) {
        if (!is_first_plane(planes, tensor, i))
            return 0;
        st_planes_tensor(planes, header, tensor->whole - 1, ret_tensor);
        return 1;
    }
    ret_tensor->name = st_header_tensor_name(header, i);
    ret_tensor->encoding = st_dtype_at(tensor->dtype)->encoding;
    ret_tensor->n_planes = 1;
    ret_tensor->planes[0] = (struct pare_extent){ .file = header->file,
                                                  .offset = header->data_start + tensor->begin,
                                                  .length = tensor->end - tensor->begin };
    st_header_tensor_dims(header, i, ret_tensor->dims, &ret_tensor->n_dims);
    return 1;
}

int st_next(void *state, struct pare_tensor *ret_tensor)
{
    struct reader *reader = state;
    while (reader->shard < reader->n_headers) {
        const struct st_header *header = &reader->headers[reader->shard];
        const struct st_planes *planes = &reader->planes[reader->shard];
        while (reader->tensor < header->n_tensors)
            if (fill(header, planes, reader->tensor++, ret_tensor))
                return 1;
        reader->shard++;
        reader->tensor = 0;
    }
    return 0;
}

void st_close(void *state)
{
    struct reader *reader = state;
    if (!reader)
        return;
    const struct st_context context = reader->context;
    for (uint32_t i = 0; i < reader->n_headers; i++) {
        st_header_close(&context, &reader->headers[i]);
        st_planes_close(&context, &reader->planes[i]);
    }
    if (reader->planes)
        context.host->release(context.job, reader->planes);
    if (reader->headers)
        context.host->release(context.job, reader->headers);
    st_folder_close(&context, &reader->folder);
    context.host->release(context.job, reader);
}
