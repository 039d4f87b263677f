package invalid.placeholder.llamacloudmock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
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
        assertTrue(mock.journal().contains("\"entries\":[]"), mock.journal());
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
        String faulted = mock.journal("operation=indexes.list", "status=503");
        assertEquals(2, faulted.split("\"seq\":").length, faulted);
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
        assertFalse(mock.journal().contains("indexes.list"), mock.journal());
    }

    @Test
    void theSharedServerCannotBeStoppedByATest(LlamaCloudMock mock) {
        IllegalStateException refused = assertThrows(IllegalStateException.class, mock::stop);
        assertTrue(refused.getMessage().contains("cannot be stopped from here"), refused.getMessage());
    }
}
