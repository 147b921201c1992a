#include "trace.h"

#include <string.h>

static void put_step(struct text *text, const struct observations *seen, const struct outcome *outcome)
{
	text_put(text, "{\"result\":");
	text_integer(text, outcome->result);
	if (outcome->has_return_value) {
		text_put(text, ",\"returnValue\":");
		text_integer(text, outcome->return_value);
	}
	if (outcome->has_value) {
		text_put(text, ",\"value\":");
		text_json_hex(text, seen->bytes + outcome->value.offset, outcome->value.length);
	}
	if (outcome->message.length) {
		text_put(text, ",\"message\":");
		text_json_string(text, (const char *)seen->bytes + outcome->message.offset, outcome->message.length);
	}
	text_put(text, ",\"timeNs\":");
	text_integer(text, outcome->time_ns);
	text_put(text, ",\"records\":[");
	for (uint32_t i = 0; i < outcome->record_count; i++) {
		if (i)
			text_put(text, ",");
		log_record_put(text, &seen->log.records[outcome->first_record + i]);
	}
	text_put(text, "]}");
}

void trace_put(struct text *text, const struct scenario *scenario, const struct observations *seen,
	       const struct complaints *complaints)
{
	uint32_t capacity = log_map_capacity(scenario->maps[scenario->log_map].value_size);

	text_put(text, "{\"format\":\"bpf-timer-conformance/trace\",\"version\":1,\"steps\":[");
	for (uint32_t i = 0; i < seen->steps_done; i++) {
		if (i)
			text_put(text, ",");
		put_step(text, seen, &seen->outcomes[i]);
	}
	text_put(text, "],\"droppedRecords\":");
	text_integer(text, seen->log.claimed > capacity ? (int64_t)(seen->log.claimed - capacity) : 0);
	text_put(text, ",\"complaints\":[");
	for (uint32_t i = 0; i < complaints->count; i++) {
		if (i)
			text_put(text, ",");
		text_json_string(text, complaints->lines[i], strlen(complaints->lines[i]));
	}
	text_put(text, "]}");
}
