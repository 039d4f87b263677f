package invalid.placeholder.llamacloudmock;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An emulator as one test sees it, under a key of its own. Use it through {@link LlamaCloudMockExtension}, start one with
 * {@link #start}, or {@link #connect} to one that runs.
 */
public final class LlamaCloudMock implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** Reaches the emulator past any proxy. */
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .proxy(ProxySelector.of(null)).connectTimeout(TIMEOUT).version(HttpClient.Version.HTTP_1_1).build();

    /** The time limit of a request that waits for an expectation, at most 5 minutes. */
    private static final Duration WAITING_TIMEOUT = TIMEOUT.plusMinutes(5);

    /** The maximum number of characters of a name. */
    private static final int MAX_NAME = 256;

    /** The maximum number of requests in the report of a failed test. */
    private static final int SHOWN_ENTRIES = 20;

    private final String url;
    private final String token;
    private final String key;
    /** The process to stop; null if it was not started here. */
    private final MockProcess process;
    /** Makes keys unique on an emulator that other runs may use too. */
    private final String suffix;
    /** The mode of the clock of each key, if the emulator may have another one. */
    private final String clock;
    /** The other keys that came from this one. */
    private final List<LlamaCloudMock> others = new CopyOnWriteArrayList<>();
    /** The names of the rules that were added since the last reset. */
    private final Set<String> rules = ConcurrentHashMap.newKeySet();
    /** A request came before a reset. */
    private volatile boolean wasUsed;
    /** The name of the key in reports: that of the test, or null. */
    private String name;

    private LlamaCloudMock(String url, String token, MockProcess process, String key, String suffix, String clock) {
        this.url = url;
        this.token = token;
        this.process = process;
        this.key = key;
        this.suffix = suffix;
        this.clock = clock;
        // The emulator knows the key from now on, so that its journal can be read before its first request.
        clear();
    }

    /**
     * Starts an emulator with these flags. Its port is free and its clock is auto unless a flag, the environment or the
     * settings file says otherwise; the token of its admin API is that of the flag or of LLAMACLOUD_MOCK_ADMIN_TOKEN. Without flags it uses the emulator of
     * LLAMACLOUD_MOCK_URL or of the system property {@code llamacloudmock.url}, if one is set, which runs on.
     */
    public static LlamaCloudMock start(String... flags) {
        String running = MockProcess.runningUrl();
        if (running != null && flags.length == 0) {
            return connect(running, System.getenv(MockProcess.TOKEN), MockProcess.clockOr("auto"));
        }
        MockProcess process = MockProcess.start(List.of(flags));
        return new LlamaCloudMock(process.url(), process.token(), process, "test", "", null);
    }

    /**
     * Uses an emulator that runs, such as one in a container; the token is that of its admin API, or null. The key is one that
     * no other run has.
     */
    public static LlamaCloudMock connect(String url, String token) {
        return connect(url, token, null);
    }

    private static LlamaCloudMock connect(String url, String token, String clock) {
        String suffix = "-" + UUID.randomUUID();
        return new LlamaCloudMock(url.replaceAll("/+$", ""), token, null, "test" + suffix, suffix, clock);
    }

    /** The same emulator with another key: nothing of this key is seen there. */
    public LlamaCloudMock withNewKey() {
        return withKey(key + "-" + (others.size() + 2));
    }

    /** The same emulator with this key, under which everything is forgotten. */
    public LlamaCloudMock withKey(String key) {
        LlamaCloudMock other = new LlamaCloudMock(url, token, null, key, suffix, clock);
        others.add(other);
        return name == null ? other : other.named(name);
    }

    /** Names the key in reports and in the log of the emulator. An older one has no names. */
    LlamaCloudMock named(String test) {
        StringBuilder shown = new StringBuilder();
        test.codePoints().limit(MAX_NAME).map(letter -> Character.isISOControl(letter) ? ' ' : letter)
                .forEach(shown::appendCodePoint);
        name = shown.toString();
        try {
            admin("POST", "tenants", "{\"key\": " + quoted(key) + ", \"name\": " + quoted(name) + "}");
        } catch (Refused refused) {
            if (refused.status != 404 && refused.status != 405) {
                throw refused;
            }
        }
        return this;
    }

    String suffix() {
        return suffix;
    }

    /** The base URL for clients. */
    public String url() {
        return url;
    }

    /** The API key of the test. What is under it belongs to the test alone. */
    public String key() {
        return key;
    }

    /** URL and key as environment variables for a child process, so that its client does not reach the real service. */
    public Map<String, String> environment() {
        return Map.of("LLAMA_CLOUD_BASE_URL", url, "LLAMA_CLOUD_API_KEY", key);
    }

    /** Adds a fault rule for the requests of this key, such as {@code indexes.create status=429 first=1}. */
    public void fault(String rule) {
        String added = admin("POST", "faults", "{\"tenant\": " + quoted(key) + ", \"rule\": " + quoted(rule) + "}");
        rules.add((String) ((Map<?, ?>) Json.read(added)).get("name"));
    }

    /** Advances the clock of this key. */
    public void advance(Duration by) {
        admin("POST", "clock/advance", "{\"tenant\": " + quoted(key) + ", \"by\": \"" + by.toMillis() + "ms\"}");
    }

    /**
     * The requests of this key. Filters are parameters of the admin API, such as {@code operation=indexes.create} or
     * {@code status=429}.
     *
     * @throws IllegalStateException if the emulator has forgotten some
     */
    public List<JournalEntry> journal(String... filters) {
        Map<?, ?> journal = (Map<?, ?>) Json.read(journalText(filters));
        if (!Double.valueOf(0).equals(journal.get("dropped"))) {
            throw new IllegalStateException("entries of the journal were evicted; use a larger --journal-entries");
        }
        return Json.objects(journal, "entries").stream().map(JournalEntry::of).toList();
    }

    private String journalText(String... filters) {
        StringBuilder query = new StringBuilder("journal?tenant=").append(encoded(key));
        for (String filter : filters) {
            String[] words = filter.split("=", 2);
            query.append('&').append(encoded(words[0])).append('=').append(encoded(words.length > 1 ? words[1] : ""));
        }
        return admin("GET", query.toString(), null);
    }

    /**
     * Checks what was recorded under this key, such as {@code --honour-retry-after} or {@code --max-attempts=3}: the
     * expectations of {@code llamacloud-mock check}.
     *
     * @throws AssertionError if one does not hold or cannot be judged
     */
    public void check(String... expectations) {
        Map<String, String> fields = fields(expectations);
        fields.put("tenant", quoted(key));
        StringJoiner body = new StringJoiner(", ", "{", "}");
        fields.forEach((name, value) -> body.add(quoted(name) + ": " + value));
        Map<?, ?> report = (Map<?, ?>) Json.read(admin("POST", "check", body.toString()));
        if (!"passed".equals(report.get("result"))) {
            throw new AssertionError("llamacloud-mock check:" + text(report));
        }
    }

    /**
     * Expects so many requests or resources of this key, such as {@code indexes.create status=201 count=1}.
     *
     * @return their number
     * @throws AssertionError if there are others, or if that cannot be judged; it names the nearest misses
     */
    public int verify(String expectation) {
        return verify(expectation, "");
    }

    /** The same, and waits for it, in real time. */
    public int verify(String expectation, Duration within) {
        return verify(expectation, ", \"within\": \"" + within.toMillis() + "ms\"");
    }

    private int verify(String expectation, String within) {
        String body = "{\"tenant\": " + quoted(key) + ", \"expect\": " + quoted(expectation) + within + "}";
        try {
            return ((Double) ((Map<?, ?>) Json.read(admin("POST", "verify", body))).get("count")).intValue();
        } catch (Refused refused) {
            if (refused.status != 409 && refused.status != 412) {
                throw refused;
            }
            throw new AssertionError(expectation + ": " + missesText((Map<?, ?>) Json.read(refused.answer)));
        }
    }

    /** What was seen, and the nearest misses, with a line for each field that differs. */
    private static String missesText(Map<?, ?> unmet) {
        StringBuilder text = new StringBuilder().append(unmet.get("detail"));
        for (Map<String, Object> miss : Json.objects(unmet, "misses")) {
            Double number = (Double) miss.get("seq");
            text.append("\n  ").append(number == null ? miss.get("id") : "request " + number.longValue()).append(':');
            for (Map<String, Object> field : Json.objects(miss, "differs")) {
                Object actual = field.get("actual");
                text.append("\n    ").append(field.get("where")).append(" is ").append(actual == null ? "absent" : actual)
                        .append(", expected ").append(field.get("expected"));
            }
        }
        return text.toString();
    }

    /** The fields of a check for flags, such as "--max-attempts=3", or "--max-attempts" and "3". Their values are JSON. */
    private static Map<String, String> fields(String... flags) {
        Map<String, String> fields = new LinkedHashMap<>();
        String name = "";
        for (String word : flags) {
            String value = word;
            if (word.startsWith("--")) {
                String[] words = word.substring(2).split("=", 2);
                name = words[0].replace('-', '_');
                value = words.length > 1 ? words[1] : "true";
            }
            if (!name.equals("expect")) {
                fields.put(name, value.matches("true|[1-9][0-9]*|0") ? value : quoted(value));
            } else if (!value.equals("true")) {
                // A check takes several.
                fields.merge(name, "[" + quoted(value) + "]", (list, one) ->
                        list.substring(0, list.length() - 1) + ", " + one.substring(1));
            }
        }
        return fields;
    }

    /** A line for each expectation, with its details below. */
    private static String text(Map<?, ?> report) {
        StringBuilder text = new StringBuilder();
        for (Map<String, Object> check : Json.objects(report, "checks")) {
            text.append('\n').append(((String) check.get("result")).replace('_', ' ')).append(": ").append(check.get("name"));
            for (Object detail : (List<?>) check.get("details")) {
                text.append(("\n" + detail).replace("\n", "\n  "));
            }
        }
        return text.toString();
    }

    /** Forgets everything under this key: resources, journal, clock, faults. */
    public void reset() {
        wasUsed = isUsed();
        clear();
    }

    private void clear() {
        rules.clear();
        admin("POST", "reset", "{\"tenant\": " + quoted(key) + "}");
        if (clock != null) {
            admin("PUT", "clock", "{\"tenant\": " + quoted(key) + ", \"mode\": " + quoted(clock) + "}");
        }
    }

    /** Frees the places of this key and of those that came from it, after their last use. */
    void forget() {
        others.forEach(LlamaCloudMock::forget);
        forgetKey();
    }

    /** Frees the place of this key alone. A failure is no failure of the test. */
    void forgetKey() {
        try {
            admin("DELETE", "tenants?tenant=" + encoded(key), null);
        } catch (IllegalStateException error) {
            // The place is freed when the key was idle for long, or with the emulator.
        }
    }

    /** Whether a request came, with this key or one that came from it. */
    boolean isUsed() {
        return wasUsed || !Json.objects(Json.read(journalText("limit=1")), "entries").isEmpty()
                || others.stream().anyMatch(LlamaCloudMock::isUsed);
    }

    /** The last requests of this key and those that came from it, one a line, and the rules that never struck. */
    String report() {
        List<Map<String, Object>> entries;
        List<Map<String, Object>> faults;
        try {
            entries = Json.objects(Json.read(journalText()), "entries");
            faults = Json.objects(Json.read(admin("GET", "faults?tenant=" + encoded(key), null)), "faults");
        } catch (IllegalStateException error) {
            return error.getMessage();
        }
        Map<Object, Object> texts = new HashMap<>();
        faults.forEach(fault -> texts.put(fault.get("name"), fault.get("rule")));
        StringBuilder report = new StringBuilder("llamacloud-mock at " + url + ", key " + key + ", " + entries.size() + " requests");
        for (Map<String, Object> object : entries.subList(Math.max(0, entries.size() - SHOWN_ENTRIES), entries.size())) {
            JournalEntry entry = JournalEntry.of(object);
            report.append('\n').append(String.join(" ", String.valueOf(entry.operation()), entry.method(), entry.path(),
                    String.valueOf(entry.status()), entry.outcome()));
            entry.faults().forEach(name -> report.append(" fault=").append(texts.getOrDefault(name, name)));
        }
        for (Map<String, Object> fault : faults) {
            // A rule for all keys may be about other tests.
            if (rules.contains(fault.get("name")) && Double.valueOf(0).equals(fault.get("strikes"))) {
                report.append("\nnever struck: ").append(fault.get("rule"));
            }
        }
        others.forEach(other -> report.append('\n').append(other.report()));
        return report.toString();
    }

    /**
     * Stops the emulator.
     *
     * @throws IllegalStateException if it had failed, such as by a rule that never struck under --strict-faults
     */
    public void stop() {
        if (process == null) {
            throw new IllegalStateException("an emulator that was not started here cannot be stopped from here");
        }
        process.stop();
    }

    /** Stops the emulator if it was started here. */
    @Override
    public void close() {
        if (process != null) {
            process.stop();
        }
    }

    private String admin(String method, String path, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/__admin/" + path))
                .timeout(body != null && body.contains("\"within\":") ? WAITING_TIMEOUT : TIMEOUT)
                .header("Content-Type", "application/json")
                .header("Authorization", "Bearer " + credential())
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        HttpResponse<String> response;
        try {
            response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException error) {
            throw new IllegalStateException("no response of llamacloud-mock at " + url + ": " + error, error);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
        int status = response.statusCode();
        if (status >= 300) {
            String message = method + " " + path + ": status " + status + ": " + response.body() + advice(status);
            throw new Refused(message, status, response.body());
        }
        return response.body();
    }

    /** The token, or without one the key: with --admin own it reaches what belongs to it. The bytes are those of UTF-8. */
    private String credential() {
        return new String((token == null ? key : token).getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private String advice(int status) {
        if (status != 401 && status != 403) {
            return "";
        }
        return token == null
                ? "; start the emulator with --admin-token, and give the token to connect, or set " + MockProcess.TOKEN
                : "; the token that was given is not that of the emulator";
    }

    /** A response of the admin API with another status than 2xx. */
    private static final class Refused extends IllegalStateException {
        private static final long serialVersionUID = 1;
        private final int status;
        private final String answer;

        Refused(String message, int status, String answer) {
            super(message);
            this.status = status;
            this.answer = answer;
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** A JSON string. */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            if (letter == '"' || letter == '\\') {
                quoted.append('\\').append(letter);
            } else if (letter < ' ') {
                quoted.append(String.format("\\u%04x", (int) letter));
            } else {
                quoted.append(letter);
            }
        }
        return quoted.append('"').toString();
    }
}
