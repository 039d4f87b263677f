package invalid.placeholder.llamacloudmock;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A recorded request and its response.
 *
 * @param operation such as indexes.create; null if the path is none of the API
 * @param status of the response; 0 if there was none
 * @param outcome open, sent, cut or client_gone
 * @param faults the names of the fault rules that struck
 * @param requestBody the JSON as maps, lists, strings, doubles, booleans and null
 * @param responseBody the same for the response
 */
public record JournalEntry(String operation, String method, String path, int status, String outcome, List<String> faults,
        Object requestBody, Object responseBody) {
    static JournalEntry of(Map<String, Object> entry) {
        List<String> faults = new ArrayList<>();
        for (Map<String, Object> fault : Json.objects(entry, "faults")) {
            if ("struck".equals(fault.get("outcome"))) {
                faults.add((String) fault.get("rule"));
            }
        }
        int status = entry.get("status") instanceof Double number ? number.intValue() : 0;
        return new JournalEntry((String) entry.get("operation"), (String) entry.get("method"), (String) entry.get("path"),
                status, (String) entry.get("outcome"), faults, entry.get("request_body"), entry.get("reply_body"));
    }
}
