/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What an encoding learns of a whole tensor before it encodes it: the plugin's state, made by
 * `begin` and `gather`, and the planes that belong to the tensor as a whole, made by `settle`. Each
 * is a job of its own, with its own memory, so that several tensors can be gathered at once. One
 * thread at a time until it is settled; after that it is constant and any thread may use it.
 */
#ifndef PLUGIN_CALIBRATION_H
#define PLUGIN_CALIBRATION_H

#include "plugin/host.h"

struct calibration;

/* What it is made for. All of it is borrowed until calibration_free. */
struct calibration_request {
    const struct registry *registry;
    const struct model_tensor *tensor; /* as it becomes; its encoding has `begin` */
    const json_t *options;             /* the target's: object of strings; or NULL */
    json_t *asked;                     /* the names of options that `begin` asks for; grows */
    const struct host_hooks *hooks;    /* or NULL */
    uint32_t search;                   /* enum pare_search */
    /* How much the tensor's inputs weigh: of each matrix (its last two dims) each column; NULL:
     * not known. */
    const float *importance;
    uint64_t matrices; /* that importance has values for */
};

/* 1: an encoding has to be asked with calibration_begin before a tensor becomes it. */
int calibration_is_needed(const struct encoding *encoding);

/* What an encoding may ask of the host for what it learns of a tensor: 16 MiB, and 8 bytes for each
 * pair of its columns, of which 8,192 count. */
uint64_t calibration_memory(const struct model_tensor *tensor);

/* Calls the encoding's `begin`. Errors, here and below, are those that the plugin reports. */
int calibration_begin(const struct calibration_request *request,
                      struct calibration **ret_calibration, struct error *err)
    __attribute__((warn_unused_result));
/* 1: it wants to see all weights. */
int calibration_gathers(const struct calibration *calibration);
/* The next rows of the tensor's weights. */
int calibration_gather(struct calibration *calibration, const float *x, uint64_t first_row,
                       uint64_t rows, uint64_t row_len, struct error *err)
    __attribute__((warn_unused_result));
/* All weights were seen: makes the shared planes. */
int calibration_settle(struct calibration *calibration, struct error *err)
    __attribute__((warn_unused_result));
/* The bytes of a shared plane, which nobody changes; NULL for other planes. */
void *calibration_plane(const struct calibration *calibration, uint32_t plane);
/* Puts what encode finds of it into the calibration of a call that begins at that element. */
void calibration_apply(const struct calibration *calibration, uint64_t first,
                       struct pare_calibration *ret_calibration);
/* Calls the encoding's `end`, at any time. Takes NULL. */
void calibration_free(struct calibration *calibration);

#endif
