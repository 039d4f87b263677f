package invalid.placeholder.llamacloudmock;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** Requests as a client of the API sends them. */
final class Calls {
    /** The default client: it, too, passes by a proxy for 127.0.0.1. */
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private Calls() {}

    /** The status of indexes.list. */
    static int list(LlamaCloudMock mock) {
        return status(HttpRequest.newBuilder(indexes(mock)), mock);
    }

    /** The status of indexes.create. */
    static int create(LlamaCloudMock mock) {
        String body = "{\"source_directory_id\": \"dir-a\"}";
        return status(HttpRequest.newBuilder(indexes(mock)).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)), mock);
    }

    private static URI indexes(LlamaCloudMock mock) {
        return URI.create(mock.url() + "/api/v1/indexes");
    }

    private static int status(HttpRequest.Builder request, LlamaCloudMock mock) {
        try {
            return CLIENT.send(request.header("Authorization", "Bearer " + mock.key()).build(), BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException | InterruptedException error) {
            throw new AssertionError(error);
        }
    }
}
