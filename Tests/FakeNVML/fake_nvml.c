// A libnvidia-ml.so.1 for machines without a GPU: it answers from a text file, which is read at every call, so that a
// test can change what the "driver" reports while a program runs. Knows the functions and layouts of NVML; does not
// access hardware.
//
// FAKE_NVML_STATE names the file. A line each:
//     driver VERSION
//     gpu UUID BUS TOTAL USED UTILIZATION NAME…       bytes, bytes, percent; in the order of NVML's indices
//     mig UUID GI CI TOTAL USED NAME…                 a MIG device of the gpu above it
//     process UUID PID BYTES                          on a gpu or MIG device; BYTES "-": unknown to the driver
//     graphics UUID PID BYTES
//     error FUNCTION CODE                             the function returns this code from now on
//     hang FUNCTION                                   never returns
//     swarm N                                         N more processes appear at each of the first calls
//     log PATH                                        append the name of each called function to this file
// A number may be @FILE: it is read from there, and the line is ignored while the file does not exist.
//
// -DFAKE_NVML_LEVEL=1 omits what drivers before 510 lack (the _v3 functions), 0 also the _v2 process lists and MIG, as
// before 450; the default is everything. -DFAKE_NVML_WITHOUT_INIT omits all init functions.
// -DFAKE_NVML_WIDE: entries of the _v3 lists are longer than documented, as in some drivers since 535.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef FAKE_NVML_LEVEL
#define FAKE_NVML_LEVEL 2
#endif

enum { success = 0, invalid_argument = 2, not_supported = 3, not_found = 6, insufficient_size = 7, unknown = 999 };
enum { most_devices = 16, most_processes = 512 };

struct device {
    char uuid[96], bus[32], name[96];
    long long total, used, utilization;
    int parent;  // of a MIG device; -1 for a whole GPU
    int gpu_instance, compute_instance;
};

struct process {
    int device, graphics;
    long long pid, bytes;
};

struct state {
    char driver[80];
    struct device devices[most_devices];
    struct process processes[most_processes];
    int device_count, process_count, error, swarm;
};

// Parses a number, or the number in a file; 0 on error.
static int number(const char *word, long long *value) {
    if (word[0] == '-' && word[1] == 0) return *value = -1, 1;
    if (word[0] != '@') return *value = atoll(word), 1;
    FILE *file = fopen(word + 1, "re");
    if (!file) return 0;
    int count = fscanf(file, "%lld", value);
    fclose(file);
    return count == 1;
}

static int device_named(const struct state *state, const char *uuid) {
    for (int i = 0; i < state->device_count; i++)
        if (strcmp(state->devices[i].uuid, uuid) == 0) return i;
    return -1;
}

static void take_device(struct state *state, const char *line) {
    char kind[16] = "", second[400] = "", third[400] = "", total[400] = "", used[400] = "", utilization[400] = "0";
    struct device found = {.parent = -1};
    int isMIG = strncmp(line, "mig ", 4) == 0;
    int count = isMIG ? sscanf(line, "%15s %95s %399s %399s %399s %399s %95[^\n]",
                               kind, found.uuid, second, third, total, used, found.name)
                      : sscanf(line, "%15s %95s %31s %399s %399s %399s %95[^\n]",
                               kind, found.uuid, found.bus, total, used, utilization, found.name);
    if (count != 7 || state->device_count == most_devices) return;
    if (!number(total, &found.total) || !number(used, &found.used) || !number(utilization, &found.utilization)) return;
    if (isMIG) {
        found.gpu_instance = atoi(second);
        found.compute_instance = atoi(third);
        for (int i = 0; i < state->device_count; i++)
            if (state->devices[i].parent < 0) found.parent = i;
    }
    state->devices[state->device_count++] = found;
}

static void take_process(struct state *state, const char *line) {
    char kind[16] = "", uuid[96] = "", pid[400] = "", bytes[400] = "";
    struct process found = {0};
    if (sscanf(line, "%15s %95s %399s %399s", kind, uuid, pid, bytes) != 4) return;
    found.device = device_named(state, uuid);
    found.graphics = strcmp(kind, "graphics") == 0;
    if (found.device < 0 || state->process_count == most_processes) return;
    if (!number(pid, &found.pid) || !number(bytes, &found.bytes)) return;
    state->processes[state->process_count++] = found;
}

// The current content of the file, with the error that the function of this name must return.
static struct state look(const char *function) {
    struct state state = {.driver = "0"};
    const char *path = getenv("FAKE_NVML_STATE");
    FILE *file = path ? fopen(path, "re") : NULL;
    if (!file) {
        state.error = unknown;
        return state;
    }
    char line[2048], name[80], log[1024] = "";
    int code, hangs = 0;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "gpu ", 4) == 0 || strncmp(line, "mig ", 4) == 0) take_device(&state, line);
        if (strncmp(line, "process ", 8) == 0 || strncmp(line, "graphics ", 9) == 0) take_process(&state, line);
        if (sscanf(line, "error %79s %d", name, &code) == 2 && strcmp(name, function) == 0) state.error = code;
        if (sscanf(line, "hang %79s", name) == 1 && strcmp(name, function) == 0) hangs = 1;
        sscanf(line, "driver %79s", state.driver);
        sscanf(line, "swarm %d", &state.swarm);
        sscanf(line, "log %1023s", log);
    }
    fclose(file);
    if (log[0] && (file = fopen(log, "ae"))) {
        fprintf(file, "%s\n", function);
        fclose(file);
    }
    while (hangs) pause();
    return state;
}

// A handle is the position in the file, from 1.
static struct device *of(struct state *state, void *handle) {
    long place = (long)handle;
    return place >= 1 && place <= state->device_count ? &state->devices[place - 1] : NULL;
}

static int text(const char *value, char *buffer, unsigned size) {
    if (strlen(value) >= size) return insufficient_size;
    strcpy(buffer, value);
    return success;
}

#define BEGIN                          \
    struct state state = look(__func__); \
    if (state.error) return state.error;
#define BEGIN_WITH_DEVICE                       \
    BEGIN struct device *it = of(&state, handle); \
    if (!it) return invalid_argument;

#ifndef FAKE_NVML_WITHOUT_INIT
int nvmlInit(void) { BEGIN return success; }
int nvmlInit_v2(void) { BEGIN return success; }
int nvmlInitWithFlags(unsigned flags) { BEGIN return flags ? invalid_argument : success; }
#endif
int nvmlShutdown(void) { return success; }

int nvmlSystemGetDriverVersion(char *version, unsigned length) { BEGIN return text(state.driver, version, length); }

int nvmlDeviceGetCount_v2(unsigned *count) {
    BEGIN *count = 0;
    for (int i = 0; i < state.device_count; i++) *count += state.devices[i].parent < 0;
    return success;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    BEGIN for (int i = 0; i < state.device_count; i++) {
        if (state.devices[i].parent >= 0 || index-- > 0) continue;
        *handle = (void *)(long)(i + 1);
        return success;
    }
    return invalid_argument;
}

int nvmlDeviceGetUUID(void *handle, char *uuid, unsigned length) {
    BEGIN_WITH_DEVICE return text(it->uuid, uuid, length);
}

int nvmlDeviceGetName(void *handle, char *name, unsigned length) {
    BEGIN_WITH_DEVICE return text(it->name, name, length);
}

struct pci_info {
    char legacy_bus_id[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
};

int nvmlDeviceGetPciInfo_v3(void *handle, struct pci_info *info) {
    BEGIN_WITH_DEVICE if (it->parent >= 0) return not_supported;
    memset(info, 0, sizeof *info);
    sscanf(it->bus, "%x:%x:%x", &info->domain, &info->bus, &info->device);
    snprintf(info->legacy_bus_id, sizeof info->legacy_bus_id, "%.15s", it->bus);
    return text(it->bus, info->bus_id, sizeof info->bus_id);
}

int nvmlDeviceGetMemoryInfo(void *handle, unsigned long long info[3]) {
    BEGIN_WITH_DEVICE info[0] = (unsigned long long)it->total;
    info[1] = (unsigned long long)(it->total - it->used);
    info[2] = (unsigned long long)it->used;
    return success;
}

int nvmlDeviceGetUtilizationRates(void *handle, unsigned rates[2]) {
    BEGIN_WITH_DEVICE if (it->parent >= 0) return not_supported;
    rates[0] = (unsigned)it->utilization;
    rates[1] = 0;
    return success;
}

#if FAKE_NVML_LEVEL > 0
int nvmlDeviceGetMigMode(void *handle, unsigned *current, unsigned *pending) {
    BEGIN_WITH_DEVICE *current = 0;
    for (int i = 0; i < state.device_count; i++) *current |= state.devices[i].parent == it - state.devices;
    *pending = *current;
    return success;
}

int nvmlDeviceGetMaxMigDeviceCount(void *handle, unsigned *count) {
    BEGIN_WITH_DEVICE(void) it;
    *count = 7;
    return success;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned index, void **mig) {
    BEGIN_WITH_DEVICE for (int i = 0; i < state.device_count; i++) {
        // Indices of destroyed devices stay empty: the first one is.
        if (state.devices[i].parent != it - state.devices || --index > 0) continue;
        *mig = (void *)(long)(i + 1);
        return success;
    }
    return not_found;
}

int nvmlDeviceGetGpuInstanceId(void *handle, unsigned *id) {
    BEGIN_WITH_DEVICE *id = (unsigned)it->gpu_instance;
    return success;
}

int nvmlDeviceGetComputeInstanceId(void *handle, unsigned *id) {
    BEGIN_WITH_DEVICE *id = (unsigned)it->compute_instance;
    return success;
}
#endif

struct process_v1 {
    unsigned pid;
    unsigned long long bytes;
};

struct process_v2 {
    unsigned pid;
    unsigned long long bytes;
    unsigned gpu_instance, compute_instance;
};

struct process_wide {
    struct process_v2 known;
    unsigned long long protected_bytes;
};

static int list(struct state *state, void *handle, int graphics, unsigned *count, void *processes, size_t size) {
    struct device *it = of(state, handle);
    if (!it) return invalid_argument;
    static int swarmed;
    unsigned room = processes ? *count : 0, found = 0;
    if (swarmed < state->swarm * 4) swarmed += state->swarm;
    for (int i = 0; i < state->process_count + swarmed; i++) {
        int isReal = i < state->process_count;
        struct process process = isReal ? state->processes[i] : (struct process){.pid = 4000000 + i, .bytes = 1 << 20};
        if (isReal && (state->devices + process.device != it || process.graphics != graphics)) continue;
        if (found < room) {
            struct process_v2 entry = {(unsigned)process.pid, (unsigned long long)process.bytes,
                (unsigned)it->gpu_instance, (unsigned)it->compute_instance};
            struct process_wide wide = {.known = entry};
            memcpy((char *)processes + found * size, &wide, size);
        }
        found++;
    }
    *count = found;
    return found <= room ? success : insufficient_size;
}

#define LISTS(suffix, type)                                                                                       \
    int nvmlDeviceGetComputeRunningProcesses##suffix(void *handle, unsigned *count, struct type *processes) {      \
        BEGIN return list(&state, handle, 0, count, processes, sizeof *processes);                                 \
    }                                                                                                              \
    int nvmlDeviceGetGraphicsRunningProcesses##suffix(void *handle, unsigned *count, struct type *processes) {     \
        BEGIN return list(&state, handle, 1, count, processes, sizeof *processes);                                 \
    }

LISTS(, process_v1)
#if FAKE_NVML_LEVEL > 0
LISTS(_v2, process_v2)
#endif
#ifdef FAKE_NVML_WIDE
LISTS(_v3, process_wide)
#elif FAKE_NVML_LEVEL > 1
LISTS(_v3, process_v2)
#endif
