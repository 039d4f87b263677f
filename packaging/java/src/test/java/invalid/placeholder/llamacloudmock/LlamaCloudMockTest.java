package invalid.placeholder.llamacloudmock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * Emulators that a test starts itself, and errors that say what to do. The environment of the test run is that of pom.xml: the
 * address of another server, a proxy that does not exist, and a home that cannot be written.
 */
@Isolated("a test changes the system property that names the program")
class LlamaCloudMockTest {
    private static final String BINARY = "llamacloudmock.binary";
    private static final String URL = "llamacloudmock.url";

    @Test
    void aStoppedServerHasEndedAndTwoAtOnceHaveTheirOwnAddresses() {
        try (LlamaCloudMock first = LlamaCloudMock.start("--seed=7"); LlamaCloudMock second = LlamaCloudMock.start()) {
            assertNotEquals(first.url(), second.url());
            assertEquals(200, Calls.list(first));
            first.stop();
            IllegalStateException gone = assertThrows(IllegalStateException.class, first::reset);
            assertContains(gone, "no response of llamacloud-mock at " + first.url());
            assertEquals(200, Calls.list(second));
        }
    }

    @Test
    void aServerThatFailedIsAnErrorWhenItStops() {
        LlamaCloudMock mock = LlamaCloudMock.start("--strict-faults", "--fault=indexes.list status=503");
        IllegalStateException failed = assertThrows(IllegalStateException.class, mock::stop);
        assertContains(failed, "exit code 2");
        assertContains(failed, "indexes.list status=503");
    }

    @Test
    void equalSeedsGiveEqualIds() {
        try (LlamaCloudMock first = LlamaCloudMock.start("--seed=7"); LlamaCloudMock second = LlamaCloudMock.start("--seed=7")) {
            assertEquals(idOfNewIndex(first), idOfNewIndex(second));
        }
    }

    private static Object idOfNewIndex(LlamaCloudMock mock) {
        assertEquals(201, Calls.create(mock));
        return ((Map<?, ?>) mock.journal().get(0).responseBody()).get("id");
    }

    @Test
    void aRunningServerIsUsedUnderKeysOfThisRunAndRunsOn() {
        try (LlamaCloudMock running = LlamaCloudMock.start("--clock=real")) {
            System.setProperty(URL, running.url() + "/");
            LlamaCloudMock first = LlamaCloudMock.start();
            LlamaCloudMock second = LlamaCloudMock.start();
            assertEquals(running.url(), first.url());
            assertNotEquals(first.key(), second.key());
            // A real clock would have moved.
            first.fault("indexes.list status=429 between=0s..1m");
            assertEquals(429, Calls.list(first));
            first.advance(Duration.ofMinutes(2));
            assertEquals(200, Calls.list(first));
            first.close();
            assertEquals(200, Calls.list(second));
            try (LlamaCloudMock own = LlamaCloudMock.start("--seed=7")) {
                assertNotEquals(running.url(), own.url());
            }
            assertEquals(List.of(), failuresOf(Passing.class));
            assertTrue(keyOfPassing.matches("test-.*aTest-[0-9a-f-]{36}"), keyOfPassing);
        } finally {
            System.clearProperty(URL);
        }
    }

    @Test
    void keysAreForgottenAfterTheirTestsAndNeedNoToken() throws Exception {
        try (LlamaCloudMock running = LlamaCloudMock.start("--admin=own", "--admin-token=secret")) {
            System.setProperty(URL, running.url());
            List<Throwable> failures = failuresOf(Judged.class);
            assertEquals(List.of("as planned"), failures.stream().map(Throwable::getMessage).toList());
            assertContains(failures.get(0).getSuppressed()[0], "1 requests\nindexes.list");
            HttpRequest request = HttpRequest.newBuilder(URI.create(running.url() + "/__admin/tenants"))
                    .header("Authorization", "Bearer secret").build();
            String tenants = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
            assertTrue(tenants.matches("\\{\"tenants\":\\[\\{\"tenant\":\"t-[0-9a-f]{12}\",\"name\":null}]}"), tenants);
        } finally {
            System.clearProperty(URL);
        }
    }

    @ExtendWith(LlamaCloudMockExtension.class)
    static final class Judged {
        private static LlamaCloudMock ofClass;

        @BeforeAll
        static void first(LlamaCloudMock mock) {
            ofClass = mock;
            assertEquals(200, Calls.list(mock));
        }

        @Test
        void aTest(LlamaCloudMock mock) {
            mock.withNewKey();
            assertEquals(200, Calls.list(mock));
            throw new IllegalStateException("as planned");
        }

        @AfterEach
        void judge(LlamaCloudMock mock) {
            mock.verify("indexes.list count=1");
        }

        @AfterAll
        static void judgeAll() {
            ofClass.verify("indexes.list count=1");
        }
    }

    @Test
    void aFailureHasTheRequestsOfItsTestAndTheRulesThatNeverStruck() {
        Throwable failure = failuresOf(Failing.class).get(0);
        assertEquals("as planned", failure.getMessage());
        String report = failure.getSuppressed()[0].getMessage().replaceAll("http://[0-9.:]*", "URL");
        String key = "test-" + Failing.class.getName().replace("$", "%24") + ".aTest";
        assertEquals("llamacloud-mock at URL, key " + key + ", 1 requests\n"
                + "indexes.list GET /api/v1/indexes 503 sent fault=indexes.list status=503 first=1\n"
                + "never struck: indexes.delete status=503\n"
                + "llamacloud-mock at URL, key " + key + "-2, 0 requests", report);
    }

    @Test
    void aTestThatSentNothingIsReported() {
        PrintStream before = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setErr(new PrintStream(printed, true));
        try {
            assertEquals(List.of(), failuresOf(Silent.class));
        } finally {
            System.setErr(before);
        }
        String warning = "received no request of " + Silent.class.getName() + ".silent; did the client use another URL or key";
        assertTrue(printed.toString().contains(warning), printed.toString());
        assertFalse(printed.toString().contains("sent;"), printed.toString());
    }

    @Test
    void flagsAreInQuotesOrOneALineOrInTheAnnotation() {
        List<String> expected = List.of("--seed=7", "--fault=indexes.list status=503");
        assertEquals(expected, LlamaCloudMockExtension.flags("--seed=7  '--fault=indexes.list status=503'"));
        assertEquals(expected, LlamaCloudMockExtension.flags("--seed=7 --fault=\"indexes.list status=503\""));
        assertEquals(expected, LlamaCloudMockExtension.flags("\n  --seed=7\n  --fault=indexes.list status=503\n"));
        assertEquals(List.of(), LlamaCloudMockExtension.flags(" "));
        assertContains(assertThrows(IllegalStateException.class, () -> LlamaCloudMockExtension.flags("--seed='7")),
                "a quote is not closed");
        System.setProperty("llamacloudmock.flags", "'--fault=indexes.create status=503'");
        try {
            assertEquals(List.of(), failuresOf(Annotated.class));
        } finally {
            System.clearProperty("llamacloudmock.flags");
        }
    }

    /** Runs a class of tests in a run of its own. */
    private static List<Throwable> failuresOf(Class<?> tests) {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(LauncherDiscoveryRequestBuilder.request().selectors(selectClass(tests)).build(), listener);
        assertTrue(listener.getSummary().getTestsFoundCount() > 0);
        return listener.getSummary().getFailures().stream().map(failure -> failure.getException()).toList();
    }

    @ExtendWith(LlamaCloudMockExtension.class)
    static final class Passing {
        @Test
        void aTest(LlamaCloudMock mock) {
            keyOfPassing = mock.key();
            assertEquals(200, Calls.list(mock));
        }
    }

    private static String keyOfPassing;

    @ExtendWith(LlamaCloudMockExtension.class)
    static final class Failing {
        @BeforeAll
        static void foreign(LlamaCloudMock mock) {
            assertEquals(201, Calls.create(mock));
        }

        @Test
        void aTest(LlamaCloudMock mock) {
            mock.withNewKey();
            mock.fault("indexes.list status=503 first=1");
            mock.fault("indexes.delete status=503");
            assertEquals(503, Calls.list(mock));
            throw new IllegalStateException("as planned");
        }
    }

    @ExtendWith(LlamaCloudMockExtension.class)
    static final class Silent {
        @Test
        void silent(LlamaCloudMock mock) {}

        @Test
        void sent(LlamaCloudMock mock) {
            assertEquals(200, Calls.list(mock));
            mock.reset();
        }
    }

    @LlamaCloudMockFlags("--fault=indexes.list status=503")
    static final class Annotated {
        @Test
        void theFlagsOfTheClassAndOfTheRunApply(LlamaCloudMock mock) {
            assertEquals(503, Calls.list(mock));
            assertEquals(503, Calls.create(mock));
        }
    }

    @Test
    void theEnvironmentIsForChildProcesses() {
        try (LlamaCloudMock mock = LlamaCloudMock.start()) {
            assertEquals(Map.of("LLAMA_CLOUD_BASE_URL", mock.url(), "LLAMA_CLOUD_API_KEY", mock.key()), mock.environment());
        }
    }

    @Test
    void theAdminTokenIsSent() {
        try (LlamaCloudMock mock = LlamaCloudMock.start("--admin-token", "from-flag")) {
            mock.advance(Duration.ofSeconds(1));
            assertEquals(200, Calls.list(mock));
            mock.check("--max-attempts=1");
            assertEquals(200, Calls.list(LlamaCloudMock.connect(mock.url() + "/", "from-flag")));
            assertContains(assertThrows(IllegalStateException.class, () -> LlamaCloudMock.connect(mock.url(), null)),
                    "give the token to connect");
            assertContains(assertThrows(IllegalStateException.class, () -> LlamaCloudMock.connect(mock.url(), "wrong")),
                    "the token that was given is not that of the emulator");
        }
    }

    @Test
    void theSettingsFileWinsOverTheDefaults(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("llamacloud-mock.toml"), "clock = \"manual\"\n");
        try (LlamaCloudMock mock = LlamaCloudMock.start("--config", file.toString())) {
            assertEquals(201, Calls.create(mock));
            assertEquals(List.of(200, 200), List.of(Calls.list(mock), Calls.list(mock)));
            String last = String.valueOf(mock.journal("operation=indexes.list").get(1).responseBody());
            assertTrue(last.contains("status=pending"), last);
        }
    }

    @Test
    void aCheckNeedsNoProgram() {
        String before = System.getProperty(BINARY);
        try (LlamaCloudMock mock = LlamaCloudMock.start()) {
            System.setProperty(BINARY, "/nonexistent");
            assertEquals(201, Calls.create(mock));
            mock.check("--max-attempts", "1", "--honour-retry-after");
            assertContains(assertThrows(AssertionError.class, () -> mock.check("--max-attempts=1", "--no-litter")),
                    "llamacloud-mock check:\npassed: --max-attempts 1\nfailed: --no-litter\n  t-");
            assertContains(assertThrows(AssertionError.class, () -> mock.withNewKey().check("--max-attempts=1")),
                    "not judged: --max-attempts 1\n  nothing to judge: no request is recorded");
            assertContains(assertThrows(IllegalStateException.class, () -> mock.check("--no-liter")), "did you mean no_litter?");
        } finally {
            restore(BINARY, before);
        }
    }

    @Test
    void anExpectationIsJudgedAndAMissShowsWhatDiffers() {
        try (LlamaCloudMock mock = LlamaCloudMock.start()) {
            assertEquals(201, Calls.create(mock));
            assertEquals(1, mock.verify("indexes.create status=201 count=1"));
            assertEquals(1, mock.verify("state indexes count=1", Duration.ofSeconds(5)));
            AssertionError missed = assertThrows(AssertionError.class, () -> mock.verify("indexes.create when=body:/name=x"));
            assertContains(missed, "indexes.create when=body:/name=x: 1 request of indexes.create, 0 as expected; expected at least 1");
            assertContains(missed, "\n  request 1:\n    body:/name is absent, expected x");
            assertContains(assertThrows(IllegalStateException.class, () -> mock.verify("indexes.creat")), "did you mean indexes.create");
            mock.check("--expect=indexes.create count=1", "--expect", "state indexes", "--no-unexpected");
            assertContains(assertThrows(AssertionError.class,
                    () -> mock.check("--expect=reads count=0", "--expect=writes count=2")), "failed: --expect 'writes count=2'");
        }
    }

    @Test
    void aNameIsShownInReports() {
        try (LlamaCloudMock mock = LlamaCloudMock.start()) {
            LlamaCloudMock other = mock.named("a\ntest" + "x".repeat(300)).withNewKey();
            assertEquals(201, Calls.create(other));
            assertContains(assertThrows(AssertionError.class, () -> other.check("--no-litter")),
                    " (a test" + "x".repeat(250) + ") index: created and not deleted");
        }
    }

    @Test
    void aPortThatIsTakenAndAMisspelledFlagAreErrors() {
        try (LlamaCloudMock running = LlamaCloudMock.start()) {
            int port = URI.create(running.url()).getPort();
            assertContains(startError("--host=127.0.0.1", "--port=" + port), "port " + port + " on 127.0.0.1 is in use");
        }
        assertContains(startError("--clok=auto"), "--clock");
    }

    @Test
    void aMissingOrForeignProgramIsAnErrorThatSaysWhatToSet(@TempDir Path folder) throws IOException {
        Path foreign = Files.writeString(folder.resolve("llamacloud-mock"), "\u007fELF of another machine");
        assertTrue(foreign.toFile().setExecutable(true));
        String before = System.getProperty(BINARY);
        try {
            System.setProperty(BINARY, foreign.toString());
            assertContains(startError(), foreign + " is not a program for Linux");
            System.setProperty(BINARY, folder.resolve("missing").toString());
            assertContains(startError(), "missing cannot be started");
            System.setProperty(BINARY, "llamacloud-mock-that-is-not-installed");
            IllegalStateException missing = startError();
            assertContains(missing, "is not on the PATH");
            assertContains(missing, "set LLAMACLOUD_MOCK_BINARY");
        } finally {
            restore(BINARY, before);
        }
    }

    @Test
    void noServerOutlivesAKilledTestRun() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process child = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Child.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        long server = Long.parseLong(child.inputReader().readLine());
        assertTrue(runs(server));
        child.destroyForcibly().waitFor();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (runs(server)) {
            assertTrue(System.nanoTime() < end, "process " + server + " is still there");
            Thread.onSpinWait();
        }
    }

    /** A test run that is killed. */
    static final class Child {
        public static void main(String[] arguments) throws InterruptedException {
            System.out.println(MockProcess.start(java.util.List.of()).pid());
            Thread.currentThread().join();
        }
    }

    /** Whether a process runs. One that has ended may still be listed until its new parent waits for it. */
    private static boolean runs(long pid) {
        try {
            return !Files.readString(Path.of("/proc", String.valueOf(pid), "stat")).contains(") Z ");
        } catch (IOException noSuchFile) {
            return Files.notExists(Path.of("/proc/self")) && ProcessHandle.of(pid).isPresent();
        }
    }

    private static IllegalStateException startError(String... flags) {
        return assertThrows(IllegalStateException.class, () -> LlamaCloudMock.start(flags).close());
    }

    private static void restore(String property, String before) {
        if (before == null) {
            System.clearProperty(property);
        } else {
            System.setProperty(property, before);
        }
    }

    private static void assertContains(Throwable error, String part) {
        assertTrue(String.valueOf(error.getMessage()).contains(part), error.getMessage());
    }
}
