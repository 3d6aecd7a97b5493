/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * pared: options and exit statuses (pared(8)). Options override the configuration file, also
 * when it is read again. The file is read when it is named, or when no directory is given.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/paths.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "intake/abilities.h"

#include <config.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_LOCKED = 75 };

enum {
    OPT_SET = 256,
    OPT_CHECK,
    OPT_CHECK_CATALOG,
    OPT_HELP,
    OPT_VERSION,
    OPT_CONFIG,
    OPT_TO,
    OPT_KEY
};

#define MAX_OPTIONS 256

struct options {
    const char *config_file; /* as given, or NULL */
    int check;
    int places; /* a directory or the catalog was given */
    int catalog_given;
    struct {
        const char *key, *value;
    } set[MAX_OPTIONS];
    size_t n_set;
    const char *to[MAX_OPTIONS];
    size_t n_to;
};

static const struct option long_options[] = {
    { "config", required_argument, NULL, OPT_CONFIG },
    { "drop", required_argument, NULL, OPT_KEY },
    { "out", required_argument, NULL, OPT_KEY },
    { "catalog", required_argument, NULL, OPT_KEY },
    { "to", required_argument, NULL, OPT_TO },
    { "jobs", required_argument, NULL, OPT_KEY },
    { "threads", required_argument, NULL, OPT_KEY },
    { "plugins", required_argument, NULL, OPT_KEY },
    { "recipes", required_argument, NULL, OPT_KEY },
    { "architectures", required_argument, NULL, OPT_KEY },
    { "worker", required_argument, NULL, OPT_KEY },
    { "socket", required_argument, NULL, OPT_KEY },
    { "log-level", required_argument, NULL, OPT_KEY },
    { "settle", required_argument, NULL, OPT_KEY },
    { "set", required_argument, NULL, OPT_SET },
    { "check", no_argument, NULL, OPT_CHECK },
    { "check-catalog", required_argument, NULL, OPT_CHECK_CATALOG },
    { "help", no_argument, NULL, OPT_HELP },
    { "version", no_argument, NULL, OPT_VERSION },
    { NULL, 0, NULL, 0 },
};

static const char help[] =
    "Usage: pared [--config FILE] [OPTIONS]\n"
    "       pared --drop DIR --out DIR [--catalog FILE] --to FORMAT:RECIPE [OPTIONS]\n"
    "\n"
    "Converts every model that is dropped into a directory, in the foreground.\n"
    "\n"
    "  --config FILE       configuration (pared.conf(5)); read by default unless a\n"
    "                      directory or catalog is given\n"
    "  --drop DIR          where models are dropped\n"
    "  --out DIR           where the conversions go\n"
    "  --catalog FILE      the catalog; your own one with --drop or --out\n"
    "  --to FORMAT:RECIPE  a target, such as gguf:q4_k_m; may be repeated\n"
    "  --jobs N            jobs at once (1)\n"
    "  --threads N         threads of each (0: one per CPU)\n"
    "  --settle SECONDS    quiet time where writers cannot be seen (2)\n"
    "  --plugins DIRS, --recipes DIRS, --architectures DIRS, --worker FILE\n"
    "                      instead of the installed ones\n"
    "  --socket PATH       control socket (pared.sock beside the catalog)\n"
    "  --log-level LEVEL   error, warning, info or debug\n"
    "  --set KEY=VALUE     any other key of the configuration\n"
    "  --check             check configuration and targets, and end\n"
    "  --check-catalog FILE  read all of a catalog, and end: 0 sound, 3 damaged\n"
    "  --help, --version\n"
    "\n"
    "Ends with 0 when told to stop, 1 on failure, 2 on a wrong option or configuration,\n"
    "75 when another pared works on one of the directories.\n";

/* The configuration's key for an option: its name with underscores, cut at '=' for --set. */
static int remember(struct options *options, const char *key, const char *value)
{
    if (options->n_set == MAX_OPTIONS)
        return -1;
    options->places |= !strcmp(key, "drop") || !strcmp(key, "out") || !strcmp(key, "catalog");
    options->catalog_given |= !strcmp(key, "catalog");
    options->set[options->n_set].key = strcmp(key, "log-level") ? key : "log_level";
    options->set[options->n_set++].value = value;
    return 0;
}

static int remember_pair(struct options *options, char *pair)
{
    char *equals = strchr(pair, '=');
    if (!equals)
        return -1;
    *equals = 0;
    return remember(options, pair, equals + 1);
}

/* After getopt_long's message: the option that was likely meant by an unknown one. */
static void suggest(const char *word)
{
    struct nearest nearest;
    const char *name = word + strspn(word, "-");
    nearest_start(&nearest, (struct pare_str){ name, strcspn(name, "=") });
    for (const struct option *o = long_options; o->name; o++)
        nearest_offer_name(&nearest, o->name);
    if (nearest.word.data && nearest.distance)
        (void)fprintf(stderr, "pared: did you mean `--%s'?\n", nearest.word.data);
}

/* -1: go on; else the exit status to end with. */
static int parse(int argc, char **argv, struct options *options)
{
    int option, index = 0, bad = 0;
    while ((option = getopt_long(argc, argv, "", long_options, &index)) != -1) {
        switch (option) {
        case OPT_CONFIG:
            options->config_file = optarg;
            break;
        case OPT_KEY:
            bad |= remember(options, long_options[index].name, optarg);
            break;
        case OPT_SET:
            bad |= remember_pair(options, optarg);
            break;
        case OPT_TO:
            bad |= options->n_to == MAX_OPTIONS;
            if (!bad)
                options->to[options->n_to++] = optarg;
            break;
        case OPT_CHECK:
            options->check = 1;
            break;
        case OPT_CHECK_CATALOG:
            return catalog_check_main(optarg);
        case OPT_HELP:
            return fputs(help, stdout) == EOF ? EXIT_FAILED : EXIT_OK;
        case OPT_VERSION:
            return puts("pared " PARE_VERSION) == EOF ? EXIT_FAILED : EXIT_OK;
        default:
            suggest(argv[optind - 1]);
            bad = 1;
        }
    }
    if (!bad && optind == argc)
        return -1;
    if (optind < argc)
        (void)fprintf(stderr, "pared: `%s' is not an option\n", argv[optind]);
    (void)fputs("Try `pared --help'.\n", stderr);
    return EXIT_USAGE;
}

static int read_file(const struct options *options, struct config *config, struct error *err)
{
    if (!options->config_file && options->places)
        return 0;
    _cleanup_free_ char *standard = options->config_file ? NULL : paths_config();
    const char *path = options->config_file ? options->config_file : standard;
    if (!path)
        return error_oom(err);
    int r = config_load(config, path, err);
    if (r == PARE_EIO && !options->config_file)
        (void)error_prefix(err, "give --drop, --out and --to, or a configuration file");
    return r;
}

static int apply_options(const struct options *options, struct config *config, struct error *err)
{
    _cleanup_free_ char *catalog = NULL;
    int r = 0;
    if (options->places && !options->config_file && !options->catalog_given) {
        catalog = paths_user_catalog();
        r = catalog ? config_set(config, "catalog", catalog, err) : error_oom(err);
    }
    for (size_t i = 0; i < options->n_set && r == 0; i++)
        r = config_set(config, options->set[i].key, options->set[i].value, err);
    if (options->n_to && r == 0)
        r = config_set(config, "targets", "", err);
    for (size_t i = 0; i < options->n_to && r == 0; i++)
        r = config_add_target(config, options->to[i], err);
    return r;
}

/* A daemon_reload_fn, and how it is read at first. */
static int read_config(void *context, struct config *ret_config, struct error *err)
{
    const struct options *options = context;
    struct config config;
    int r = config_init(&config, err);
    if (r < 0)
        return r;
    r = read_file(options, &config, err);
    if (r == 0)
        r = apply_options(options, &config, err);
    if (r == 0)
        r = config_finish(&config, err);
    if (r < 0) {
        config_deinit(&config);
        return r;
    }
    *ret_config = config;
    return 0;
}

static int check(const struct config *config)
{
    struct error err = ERROR_INIT;
    struct abilities abilities;
    int r = abilities_init(&abilities, config, 20, &err);
    if (r == 0) {
        for (size_t i = 0; r == 0 && i < config->n_targets; i++)
            r = abilities_check(&abilities, &config->targets[i], &err);
        abilities_deinit(&abilities);
    }
    if (r < 0) {
        (void)fprintf(stderr, "pared: %s\n", err.text);
        return EXIT_USAGE;
    }
    return puts("The configuration is fine.") == EOF ? EXIT_FAILED : EXIT_OK;
}

static int exit_status(int r, const struct error *err)
{
    if (r == DAEMON_STOPPED)
        return EXIT_OK;
    log_error("%s", err->text);
    notify_send("STATUS=%s", err->text);
    return r == DAEMON_LOCKED ? EXIT_LOCKED : r == PARE_EUSAGE ? EXIT_USAGE : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    static struct options options;
    struct config config;
    struct error err = ERROR_INIT;
    int status = parse(argc, argv, &options);
    if (status >= 0)
        return status;
    if (read_config(&options, &config, &err) < 0) {
        (void)fprintf(stderr, "pared: %s\n", err.text);
        return EXIT_USAGE;
    }
    log_set_level(config.log_level);
    if (options.check) {
        status = check(&config);
        config_deinit(&config);
        return status;
    }
    int r;
    do
        r = daemon_run(&config, read_config, &options, &err);
    while (r == DAEMON_RESTART);
    config_deinit(&config);
    return exit_status(r, &err);
}
