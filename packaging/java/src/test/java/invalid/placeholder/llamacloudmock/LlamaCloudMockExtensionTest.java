package invalid.placeholder.llamacloudmock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests that get their emulator from the extension. */
@ExtendWith(LlamaCloudMockExtension.class)
class LlamaCloudMockExtensionTest {
    private static final Set<String> KEYS = ConcurrentHashMap.newKeySet();
    private static String url;
    private String keyBefore;

    @BeforeAll
    static void forTheClass(LlamaCloudMock mock) {
        url = mock.url();
        KEYS.add(mock.key());
    }

    @BeforeEach
    void beforeEach(LlamaCloudMock mock) {
        keyBefore = mock.key();
    }

    @RepeatedTest(3)
    void eachTestHasAKeyOfItsOwnOnTheSharedServer(LlamaCloudMock mock) {
        assertEquals(url, mock.url());
        assertEquals(keyBefore, mock.key());
        assertTrue(KEYS.add(mock.key()), "used before: " + mock.key());
        assertEquals(List.of(), mock.journal());
        assertEquals(201, Calls.create(mock));
    }

    @Test
    void faultsAreForTheKeyAndAreJournaledAndChecked(LlamaCloudMock mock) {
        LlamaCloudMock other = mock.withNewKey();
        assertNotEquals(mock.key(), other.key());
        mock.fault("indexes.list status=503 first=1");
        assertEquals(200, Calls.list(other));
        assertEquals(503, Calls.list(mock));
        assertEquals(200, Calls.list(mock));
        assertEquals(201, Calls.create(mock));
        List<JournalEntry> faulted = mock.journal("operation=indexes.list", "status=503");
        assertEquals(1, faulted.size());
        assertEquals("/api/v1/indexes", faulted.get(0).path());
        assertEquals(1, faulted.get(0).faults().size());
        JournalEntry created = mock.journal("operation=indexes.create").get(0);
        assertEquals(Map.of("source_directory_id", "dir-a"), created.requestBody());
        assertTrue(created.responseBody() instanceof Map<?, ?> index && index.get("id") instanceof String);
        mock.check("--all-rules-struck", "--max-attempts=2");
        AssertionError litter = assertThrows(AssertionError.class, () -> mock.check("--no-litter"));
        assertTrue(litter.getMessage().contains("index"), litter.getMessage());
    }

    @Test
    void theClockIsAdvancedAndEverythingIsReset(LlamaCloudMock mock) {
        // An auto clock stands unless requests wait for it.
        mock.fault("indexes.list status=429 between=0s..1m");
        assertEquals(429, Calls.list(mock));
        mock.advance(Duration.ofMinutes(2));
        assertEquals(200, Calls.list(mock));
        mock.reset();
        assertEquals(List.of(), mock.journal());
    }

    @Test
    void theKeyIsTheNameOfTheTest(LlamaCloudMock mock) {
        String test = "test-" + getClass().getName() + ".theKeyIsTheNameOfTheTest";
        assertEquals(test, mock.key());
        assertEquals(test + "-2", mock.withNewKey().key());
        assertEquals("llx-chosen", mock.withKey("llx-chosen").key());
        assertEquals(200, Calls.list(mock));
    }

    @Test
    void theSharedServerCannotBeStoppedByATest(LlamaCloudMock mock) {
        IllegalStateException refused = assertThrows(IllegalStateException.class, mock::stop);
        assertTrue(refused.getMessage().contains("cannot be stopped from here"), refused.getMessage());
        assertEquals(200, Calls.list(mock));
    }
}
