package invalid.placeholder.llamacloudmock;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * An emulator as one test sees it, under a key of its own. Use it through {@link LlamaCloudMockExtension}, start one with
 * {@link #start}, or {@link #connect} to one that runs.
 */
public final class LlamaCloudMock implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** Reaches the emulator past any proxy. */
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .proxy(ProxySelector.of(null)).connectTimeout(TIMEOUT).version(HttpClient.Version.HTTP_1_1).build();

    private final String url;
    private final String token;
    private final String key;
    /** The process to stop; null if it was not started here. */
    private final MockProcess process;

    private LlamaCloudMock(String url, String token, MockProcess process) {
        this.url = url;
        this.token = token;
        this.process = process;
        this.key = "llx-" + UUID.randomUUID();
        // The emulator knows the key from now on, so that its journal can be read before its first request.
        reset();
    }

    /**
     * Starts an emulator with these flags on a free port. Its clock is auto unless a flag or the environment says otherwise;
     * the token of its admin API is that of the flag or of LLAMACLOUD_MOCK_ADMIN_TOKEN.
     */
    public static LlamaCloudMock start(String... flags) {
        MockProcess process = MockProcess.start(List.of(flags));
        return new LlamaCloudMock(process.url(), process.token(), process);
    }

    /** Uses an emulator that runs, such as one in a container; the token is that of its admin API, or null. */
    public static LlamaCloudMock connect(String url, String token) {
        return new LlamaCloudMock(url.replaceAll("/+$", ""), token, null);
    }

    /** The same emulator with another key: nothing of this key is seen there. */
    public LlamaCloudMock withNewKey() {
        return new LlamaCloudMock(url, token, null);
    }

    /** The base URL for clients. */
    public String url() {
        return url;
    }

    /** The API key of the test. What is under it belongs to the test alone. */
    public String key() {
        return key;
    }

    /** Adds a fault rule for the requests of this key, such as {@code indexes.create status=429 first=1}. */
    public void fault(String rule) {
        admin("POST", "faults", "{\"tenant\": " + quoted(key) + ", \"rule\": " + quoted(rule) + "}");
    }

    /** Advances the clock of this key. */
    public void advance(Duration by) {
        admin("POST", "clock/advance", "{\"tenant\": " + quoted(key) + ", \"by\": \"" + by.toMillis() + "ms\"}");
    }

    /**
     * The requests of this key as the JSON of the admin API, {@code {"entries": [...], "dropped": 0}}. Filters are its
     * parameters, such as {@code operation=indexes.create} or {@code status=429}.
     */
    public String journal(String... filters) {
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
        URI address = URI.create(url);
        List<String> arguments = new ArrayList<>(List.of("check", "--tenant", key));
        try {
            arguments.addAll(List.of("--host", InetAddress.getByName(address.getHost()).getHostAddress()));
        } catch (IOException error) {
            throw new IllegalStateException(url + ": " + error, error);
        }
        arguments.addAll(List.of("--port", String.valueOf(address.getPort() < 0 ? 80 : address.getPort())));
        arguments.addAll(List.of(expectations));
        MockProcess.run(arguments, token);
    }

    /** Forgets everything under this key: resources, journal, clock, faults. */
    public void reset() {
        admin("POST", "reset", "{\"tenant\": " + quoted(key) + "}");
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
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/__admin/" + path)).timeout(TIMEOUT)
                .header("Content-Type", "application/json")
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
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
            throw new IllegalStateException(method + " " + path + ": status " + status + ": " + response.body() + advice(status));
        }
        return response.body();
    }

    private String advice(int status) {
        if (status != 401 && status != 403) {
            return "";
        }
        return token == null
                ? "; start the emulator with --admin-token, and give the token to connect, or set " + MockProcess.TOKEN
                : "; the token that was given is not that of the emulator";
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
