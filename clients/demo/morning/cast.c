/* cast.c - see cast.h. */
#include "cast.h"

#include <stdio.h>
#include <string.h>

#include "../sheets.h"

/* A hospital's id as in district/1-institutions.jsonl, and how many of the schedulers are its own. */
static const struct {
    const char *id;
    size_t schedulers;
} hospitals[HOSPITALS] = {
    {"121201151000010194", 38}, {"12120115100001027Y", 12}, {"12120115100001035R", 8}, {"12120115100001043L", 6}};

/* Where family doctors' patients want to go; some wish for more than the reserve, others leave it to be released. */
static const struct {
    size_t hospital;
    const char *department;
    unsigned patients;
} wishes[] = {{0, "XN", 40}, {0, "SN", 14}, {0, "NK", 20}, {0, "WK", 3}, {0, "EK", 4}, {0, "FCK", 4},
              {1, "NK", 12}, {1, "KF", 6},  {2, "FCK", 9}, {2, "EK", 6}, {3, "NK", 6}, {3, "SN", 4}};

/* ---- The registry ------------------------------------------------------------------------------------------------------ */

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from == NULL ? "" : from);
}

static void house_read(struct house *house, const Referral__Institution *institution)
{
    copy(house->id, sizeof house->id, institution->id);
    copy(house->name, sizeof house->name, institution->name);
    for (size_t i = 0; i < institution->n_departments && i < DEPARTMENTS_MAX; i++) {
        struct department *department = &house->departments[house->department_count++];
        copy(department->code, sizeof department->code, institution->departments[i]->code);
        copy(department->name, sizeof department->name, institution->departments[i]->name);
    }
}

static bool ask_all(struct morning *morning, Referral__Kind kind, ProtobufCMessage **ret_list)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    query.has_rows = true;
    query.rows = 200;
    return referral_query(morning->operator, kind, &query.base, ret_list, NULL) == REFERRAL_OK;
}

static bool read_hospitals(struct morning *morning, const Referral__InstitutionList *list)
{
    size_t found = 0;
    for (size_t i = 0; i < list->n_institutions; i++) {
        for (size_t j = 0; j < HOSPITALS; j++) {
            if (strcmp(list->institutions[i]->id, hospitals[j].id) == 0) {
                house_read(&morning->hospitals[j], list->institutions[i]);
                found++;
            }
        }
    }
    return found == HOSPITALS;
}

static const Referral__Institution *institution_of(const Referral__InstitutionList *list, const char *id)
{
    for (size_t i = 0; i < list->n_institutions; i++)
        if (strcmp(list->institutions[i]->id, id) == 0)
            return list->institutions[i];
    return NULL;
}

/* Every so manieth team of the district: nearly each has a centre of its own. */
static bool read_teams(struct morning *morning, const Referral__InstitutionList *institutions,
                       const Referral__TeamList *teams)
{
    for (size_t i = 0; i < TEAMS; i++) {
        struct desk *desk = &morning->desks[SCHEDULERS + i];
        const Referral__Team *team = teams->n_teams < TEAMS ? NULL : teams->teams[i * teams->n_teams / TEAMS];
        const Referral__Institution *centre = team == NULL ? NULL : institution_of(institutions, team->institution);
        if (centre == NULL)
            return false;
        house_read(&morning->centres[i], centre);
        *desk = (struct desk){.kind = DESK_TEAM, .house = &morning->centres[i]};
        copy(desk->team_id, sizeof desk->team_id, team->id);
    }
    return true;
}

static bool read_registry(struct morning *morning)
{
    ProtobufCMessage *institutions = NULL, *teams = NULL;
    bool ok = ask_all(morning, REFERRAL__KIND__LIST_INSTITUTIONS, &institutions) &&
              ask_all(morning, REFERRAL__KIND__LIST_TEAMS, &teams) &&
              read_hospitals(morning, (const Referral__InstitutionList *)institutions) &&
              read_teams(morning, (const Referral__InstitutionList *)institutions, (const Referral__TeamList *)teams);
    if (institutions != NULL)
        protobuf_c_message_free_unpacked(institutions, NULL);
    if (teams != NULL)
        protobuf_c_message_free_unpacked(teams, NULL);
    return ok;
}

static void place_hospital_desks(struct morning *morning)
{
    struct desk *desk = morning->desks;
    for (size_t i = 0; i < HOSPITALS; i++) {
        for (size_t j = 0; j < hospitals[i].schedulers; j++)
            *desk++ = (struct desk){.kind = DESK_SCHEDULER, .house = &morning->hospitals[i]};
        *hospital_desk(morning, i) = (struct desk){.kind = DESK_HOSPITAL, .house = &morning->hospitals[i]};
    }
}

/* ---- Keys --------------------------------------------------------------------------------------------------------------- */

static bool register_key(struct morning *morning, struct desk *desk)
{
    Referral__Role roles[2] = {REFERRAL__ROLE__SCHEDULE, REFERRAL__ROLE__RECEIVE};
    Referral__AccessKey body = REFERRAL__ACCESS_KEY__INIT;
    if (referral_key_generate(&desk->key) != 0)
        return false;
    if (desk->kind == DESK_TEAM)
        roles[0] = REFERRAL__ROLE__REFER;
    body.has_public_key = true;
    body.public_key = (ProtobufCBinaryData){.data = desk->key.public_key, .len = sizeof desk->key.public_key};
    body.institution = lend(desk->house->id);
    body.roles = roles;
    body.n_roles = desk->kind == DESK_SCHEDULER ? 1 : 2;
    struct referral_request request = {.kind = REFERRAL__KIND__ADD_KEY, .message = &body.base};
    return referral_call(morning->operator, & request, NULL) == REFERRAL_OK;
}

static bool open_operator(struct morning *morning)
{
    char key_file[512];
    snprintf(key_file, sizeof key_file, "%s/keys/operator.key", morning->folder);
    struct referral_options options = {
        .addresses = &morning->address, .address_count = 1, .key_file = key_file, .client_name = "referral-morning"};
    memcpy(options.server_key, morning->server_key, sizeof options.server_key);
    return referral_open(&options, &morning->operator) == REFERRAL_OK &&
           referral_connect(morning->operator, MORNING_PATIENCE_MS) == REFERRAL_OK;
}

bool cast_read(struct morning *morning)
{
    if (!open_operator(morning)) {
        fprintf(stderr, "no broker answers the operator at %s\n", morning->address);
        return false;
    }
    if (!read_registry(morning)) {
        fprintf(stderr, "the district is not registered\n");
        return false;
    }
    place_hospital_desks(morning);
    for (size_t i = 0; i < DESKS; i++) {
        morning->desks[i].morning = morning;
        if (!register_key(morning, &morning->desks[i])) {
            fprintf(stderr, "a key was not registered\n");
            return false;
        }
    }
    return true;
}

/* ---- Patients ------------------------------------------------------------------------------------------------------------ */

/* A general patient wants some session of his hospital: the larger, the likelier. */
static void want_session(const struct morning *morning, struct patient *patient)
{
    unsigned places = 0, wanted;
    for (size_t i = 0; i < morning->tomorrow.count; i++) {
        const struct session *session = &morning->tomorrow.list[i];
        places += session->hospital == patient->hospital ? session->capacity : 0;
    }
    wanted = places == 0 ? 0 : patient->number * 7919 % places;
    for (size_t i = 0; i < morning->tomorrow.count; i++) {
        const struct session *session = &morning->tomorrow.list[i];
        unsigned capacity = session->hospital == patient->hospital ? session->capacity : 0;
        if (wanted < capacity) {
            copy(patient->department, sizeof patient->department, session->department);
            return;
        }
        wanted -= capacity;
    }
}

static void want_family_place(const struct morning *morning, struct patient *patient, unsigned wish)
{
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        if (wish < wishes[i].patients) {
            patient->hospital = &morning->hospitals[wishes[i].hospital];
            copy(patient->department, sizeof patient->department, wishes[i].department);
            return;
        }
        wish -= wishes[i].patients;
    }
}

void cast_patients(struct morning *morning)
{
    for (unsigned i = 0; i < PATIENTS; i++) {
        struct patient *patient = &morning->patients[i];
        const unsigned general = SCHEDULERS * GENERAL_EACH, family = TEAMS * FAMILY_EACH;
        patient->number = i;
        if (i < general) {
            patient->channel = REFERRAL__CHANNEL__GENERAL;
            patient->desk = &morning->desks[i / GENERAL_EACH];
            patient->hospital = patient->desk->house;
            snprintf(patient->reference, sizeof patient->reference, "MZ%04u", i + 1);
            want_session(morning, patient);
        } else {
            patient->channel = REFERRAL__CHANNEL__FAMILY_DOCTOR;
            patient->desk = &morning->desks[SCHEDULERS + (i - general) / FAMILY_EACH];
            want_family_place(morning, patient, (i - general) * 37 % family);
        }
    }
}
