package invalid.placeholder.llamacloudmock;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Starts one emulator for all tests of a run, and gives each test with a parameter of type {@link LlamaCloudMock} a key of
 * its own, the same in its {@code @BeforeEach} and {@code @AfterEach}. Constructors and {@code @BeforeAll} get a key of the
 * class. The system property {@code llamacloudmock.flags} has flags for the emulator: one a line, or separated by spaces
 * outside of quotes. {@link LlamaCloudMockFlags} has those of a class. Without flags, the emulator is that of
 * LLAMACLOUD_MOCK_URL, if that is set. The failure of a test has its requests as a suppressed exception.
 */
public final class LlamaCloudMockExtension implements ParameterResolver, AfterEachCallback, AfterAllCallback {
    private static final Namespace NAMESPACE = Namespace.create(LlamaCloudMockExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == LlamaCloudMock.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        List<String> flags = flags(System.getProperty("llamacloudmock.flags", ""));
        flags.addAll(flagsOf(context.getRequiredTestClass()));
        // JUnit closes what is in the store of the root when all tests have ended.
        Shared shared = context.getRoot().getStore(NAMESPACE).getOrComputeIfAbsent(flags, Shared::new, Shared.class);
        // The unique id, because a store also finds what that of the class has.
        return context.getStore(NAMESPACE).getOrComputeIfAbsent(context.getUniqueId(),
                id -> shared.mock.withKey(keyOf(id) + shared.mock.suffix()).named(nameOf(context)), LlamaCloudMock.class);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        LlamaCloudMock mock = context.getStore(NAMESPACE).get(context.getUniqueId(), LlamaCloudMock.class);
        if (mock == null) {
            return;
        }
        try {
            report(mock, context);
        } finally {
            // The @AfterEach methods of the test have run.
            mock.forget();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        LlamaCloudMock mock = context.getStore(NAMESPACE).get(context.getUniqueId(), LlamaCloudMock.class);
        if (mock != null) {
            mock.forget();
        }
    }

    /** Adds the requests to a failure; reports a test that sent none. */
    private static void report(LlamaCloudMock mock, ExtensionContext context) {
        Throwable failure = context.getExecutionException().orElse(null);
        if (failure != null) {
            failure.addSuppressed(new Recorded(mock.report()));
        } else if (!mock.isUsed()) {
            System.err.println("llamacloud-mock at " + mock.url() + " received no request of "
                    + nameOf(context) + "; did the client use another URL or key than " + mock.key() + "?");
        }
    }

    /** The name of a test, or of a class of tests. */
    private static String nameOf(ExtensionContext context) {
        String method = context.getTestMethod().map(test -> "." + test.getName()).orElse("");
        return context.getRequiredTestClass().getName() + method;
    }

    /** The key of a test: the same in every run, so that equal seeds give equal ids. */
    private static String keyOf(String uniqueId) {
        String name = uniqueId.replaceAll("\\[engine:[^]]*]/|\\[[a-z-]+:|]", "").replace('/', '.')
                .replace("(" + LlamaCloudMock.class.getName() + ")", "");
        return "test-" + URLEncoder.encode(name, StandardCharsets.UTF_8);
    }

    private static List<String> flagsOf(Class<?> test) {
        for (Class<?> type = test; type != null; type = type.getEnclosingClass()) {
            LlamaCloudMockFlags flags = type.getAnnotation(LlamaCloudMockFlags.class);
            if (flags != null) {
                return List.of(flags.value());
            }
        }
        return List.of();
    }

    /** The flags in a text: one a line, or separated by spaces outside of quotes. */
    static List<String> flags(String text) {
        List<String> flags = new ArrayList<>();
        if (text.strip().contains("\n")) {
            text.lines().map(String::strip).filter(line -> !line.isEmpty()).forEach(flags::add);
            return flags;
        }
        StringBuilder flag = new StringBuilder();
        char quote = ' ';
        for (char letter : (text.strip() + " ").toCharArray()) {
            if (letter == quote && quote != ' ') {
                quote = ' ';
            } else if (quote == ' ' && (letter == '"' || letter == '\'')) {
                quote = letter;
            } else if (quote != ' ' || !Character.isWhitespace(letter)) {
                flag.append(letter);
            } else if (flag.length() > 0) {
                flags.add(flag.toString());
                flag.setLength(0);
            }
        }
        if (quote != ' ') {
            throw new IllegalStateException("llamacloudmock.flags: " + text + ": a quote is not closed");
        }
        return flags;
    }

    /** JUnit before 5.13 closes a CloseableResource; later ones warn of it unless it is AutoCloseable too. */
    private static final class Shared implements ExtensionContext.Store.CloseableResource, AutoCloseable {
        private final LlamaCloudMock mock;

        Shared(List<String> flags) {
            mock = LlamaCloudMock.start(flags.toArray(String[]::new));
        }

        @Override
        public void close() {
            // Those of the tests are forgotten.
            mock.forgetKey();
            mock.close();
        }
    }

    /** The requests of a failed test; it has no stack trace. */
    private static final class Recorded extends Exception {
        private static final long serialVersionUID = 1;

        Recorded(String report) {
            super(report, null, false, false);
        }
    }
}
